// SPDX-License-Identifier: Apache-2.0
// `/-/scrapes`: the scrape log as JSON, as a page, or as text.
#pragma once

#include <string>
#include <string_view>

#include <loopmeter/http/response.hpp>
#include <loopmeter/server/scraper.hpp>

namespace loopmeter::server {

/// By `?format=json|html|text`, else by Accept; JSON where that does not say.
http::response scrape_page(scraper &owner, exchange const &x);

/// `text` between the quotes of a JSON string; safe in a script element, too.
void append_json(std::string &out, std::string_view text);
/// `text` as the content of an HTML element or of a quoted attribute.
void append_html(std::string &out, std::string_view text);

}  // namespace loopmeter::server
