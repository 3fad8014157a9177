// SPDX-License-Identifier: Apache-2.0
#include <loopmeter/server/scrape_page.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>
#include <vector>

#include <loopmeter/base/clock.hpp>
#include <loopmeter/server/form.hpp>

namespace loopmeter::server {

namespace {

// The page runs nothing and loads nothing, whatever an agent calls itself.
constexpr std::string_view page_fields =
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
    "X-Content-Type-Options: nosniff\r\n";
constexpr std::string_view text_html = "text/html; charset=utf-8";

enum class page { json, html, text };

std::optional<page> page_for(exchange const &x) {
  auto const asked = form_value(x.query(), "format");
  if (asked == "json") return page::json;
  if (asked == "html") return page::html;
  if (asked == "text") return page::text;
  if (!asked.empty()) return std::nullopt;
  auto const accept = x.joined_field("Accept");
  auto const html = accept.find("text/html");
  auto const text = accept.find("text/plain");
  auto const json = accept.find("application/json");
  if (html < text && html < json) return page::html;
  return text < json ? page::text : page::json;
}

std::string seconds(std::chrono::duration<double> time) {
  std::array<char, 32> digits;
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), time.count(),
                                 std::chars_format::fixed, 6);
  return {digits.data(), end.ptr};
}

// "2024-02-29T12:34:56.789Z"
std::string time_of_day(std::int64_t unix_ms) {
  auto const whole = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  auto const ms = std::to_string(1000 + unix_ms % 1000);
  return std::string(text.data()) + ms.substr(1) + 'Z';
}

std::string result_of(scrape_record const &r) {
  return r.error ? std::string(name_of(*r.error)) : "ok";
}

void append_json_field(std::string &out, std::string_view name, std::string_view value) {
  out += ",\"" + std::string(name) + "\":\"";
  append_json(out, value);
  out += '"';
}

void append_json_number(std::string &out, std::string_view name, std::string const &value) {
  out += ",\"" + std::string(name) + "\":" + value;
}

void append_record(std::string &out, scrape_record const &r) {
  auto const optional = [](auto const &time) { return time ? seconds(*time) : "null"; };
  out += "{\"address\":\"";
  append_json(out, r.address);
  out += '"';
  append_json_field(out, "user_agent", r.agent);
  append_json_field(out, "time", time_of_day(r.began_ms));
  append_json_field(out, "result", result_of(r));
  append_json_number(out, "status", std::to_string(r.status));
  append_json_field(out, "protocol", name_of(r.protocol));
  append_json_field(out, "encoding", name_of(r.encoding));
  append_json_number(out, "bytes", std::to_string(r.bytes));
  append_json_number(out, "samples", std::to_string(r.samples));
  append_json_number(out, "duration_seconds", seconds(r.duration));
  append_json_number(out, "interval_seconds", optional(r.interval_seen));
  append_json_number(out, "timeout_seconds", optional(r.timeout_asked));
  out += '}';
}

std::string as_json(scraper const &owner, std::vector<scrape_record> const &records) {
  std::string out = "{\"path\":\"";
  append_json(out, owner.options().path);
  out += '"';
  append_json_field(out, "since", time_of_day(owner.created_ms()));
  append_json_field(out, "now", time_of_day(unix_milliseconds()));
  out += ",\"scrapes\":[";
  for (auto const &r : records) {
    if (&r != records.data()) out += ',';
    append_record(out, r);
  }
  return out + "]}\n";
}

constexpr std::array<std::string_view, 12> columns{
    "time",      "address", "result",  "status",   "duration s", "interval s",
    "timeout s", "bytes",   "samples", "protocol", "encoding",   "user agent"};

std::array<std::string, columns.size()> cells_of(scrape_record const &r) {
  auto const optional = [](auto const &time) { return time ? seconds(*time) : "-"; };
  return {time_of_day(r.began_ms),
          r.address,
          result_of(r),
          std::to_string(r.status),
          seconds(r.duration),
          optional(r.interval_seen),
          optional(r.timeout_asked),
          std::to_string(r.bytes),
          std::to_string(r.samples),
          std::string(name_of(r.protocol)),
          std::string(name_of(r.encoding)),
          r.agent};
}

std::string headline(scraper const &owner, std::vector<scrape_record> const &records) {
  if (!records.empty()) return "The last scrape of " + owner.options().path + " by each peer.";
  return "Nobody has scraped " + owner.options().path + " since " +
         time_of_day(owner.created_ms()) +
         ": this target is not discovered, or nothing lets the scraper through.";
}

std::string as_text(scraper const &owner, std::vector<scrape_record> const &records) {
  std::array<std::size_t, columns.size()> widths{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    widths[i] = columns[i].size();
    for (auto const &r : records)
      widths[i] = std::max(widths[i], cells_of(r)[i].size());
  }
  std::string out = headline(owner, records) + '\n';
  if (records.empty()) return out;
  auto const append_row = [&](auto const &cells) {
    std::string row;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      row += cells[i];
      row.append(widths[i] - cells[i].size() + 2, ' ');
    }
    out += '\n' + row.substr(0, row.find_last_not_of(' ') + 1);
  };
  append_row(columns);
  for (auto const &r : records)
    append_row(cells_of(r));
  return out + '\n';
}

std::string as_html(scraper const &owner, std::vector<scrape_record> const &records) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Scrapes</title>\n"
      "<style>body{font:14px sans-serif}td,th{padding:2px 12px 2px 0;text-align:left}</style>\n"
      "<h1>Scrapes</h1>\n<p>";
  append_html(out, headline(owner, records));
  out += "</p>\n<table>\n<tr>";
  for (auto const column : columns)
    out += "<th>" + std::string(column) + "</th>";
  out += "</tr>\n";
  for (auto const &r : records) {
    out += "<tr>";
    for (auto const &cell : cells_of(r)) {
      out += "<td>";
      append_html(out, cell);
      out += "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</table>\n</html>\n";
}

}  // namespace

void append_json(std::string &out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (char const c : text) {
    auto const octet = static_cast<unsigned char>(c);
    bool const plain = octet >= 0x20 && octet < 0x7f &&
                       std::string_view("\"\\<>&").find(c) == std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += "\\u00";
      out += hex[octet >> 4U];
      out += hex[octet & 15U];
    }
  }
}

void append_html(std::string &out, std::string_view text) {
  for (char const c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

http::response scrape_page(scraper &owner, exchange const &x) {
  auto const as = page_for(x);
  if (!as) return http::text("bad format; allowed is json, html or text\n", 400);
  auto const records = owner.log().records();
  auto answer = http::text_owned(*as == page::json   ? as_json(owner, records)
                                 : *as == page::html ? as_html(owner, records)
                                                     : as_text(owner, records));
  if (*as == page::json) answer.content_type = http::application_json;
  if (*as == page::html) answer.content_type = text_html;
  answer.fields = page_fields;
  return answer;
}

}  // namespace loopmeter::server
