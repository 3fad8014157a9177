// SPDX-License-Identifier: Apache-2.0
#include "prediction_json.hpp"

#include <map>

#include "configuration.hpp"

namespace loopcheck {

namespace {

std::string key(object_id const &of) {
  return of.space + "/" + of.name;
}

value map_of(labels const &of) {
  auto result = value::map();
  for (auto const &[name, text] : of) {
    result.add_entry({name, text});
  }
  return result;
}

std::string why_of(std::vector<rejection> const &all, bool loads) {
  std::string result;
  for (auto const &one : all) {
    if (one.loads == loads) {
      result += (result.empty() ? "" : "; ") + one.field + ": " + one.why;
    }
  }
  return result;
}

class writer {
 public:
  explicit writer(prediction const &of) : of_(of) {
    for (auto const &one : of.monitors) {
      add(one);
    }
    std::map<object_id, std::vector<rejection>> invalid;
    for (auto const &one : of.invalid) {
      invalid[one.of].push_back(one);
    }
    for (auto const &[id, why] : invalid) {
      invalid_.push(value::map({{"prometheus", key(id)}, {"why", why_of(why, false)}}));
    }
    for (auto const &one : of.targets) {
      add(one);
    }
  }

  value take() {
    auto result = value::map();
    result.set("pools", std::move(pools_));
    result.set("rejected", std::move(rejected_));
    result.set("not_selected", std::move(not_selected_));
    result.set("unloadable", std::move(unloadable_));
    result.set("invalid", std::move(invalid_));
    result.set("targets", std::move(targets_));
    result.set("dropped", std::move(dropped_));
    result.set("failed", std::move(failed_));
    return result;
  }

 private:
  void add(prediction::monitored const &one) {
    for (auto const &bad : of_.invalid) {
      if (bad.of == one.prometheus) {
        return;
      }
    }
    auto const by = key(one.prometheus);
    auto entry = value::map({{"monitor", one.monitor.text()}, {"prometheus", by}});
    if (!one.chosen.selected) {
      entry.set("why", one.chosen.field + ": " + one.chosen.why_not);
      not_selected_.push(std::move(entry));
      return;
    }
    auto const &made = one.generated;
    if (made.left_out()) {
      entry.set("why", why_of(made.rejected, true));
      rejected_.push(std::move(entry));
    }
    for (auto const &job : made.jobs) {
      pools_.push(
          value::map({{"name", job.name}, {"prometheus", by}, {"config", to_configuration(job)}}));
      if (!job.loads) {
        unloadable_.push(value::map(
            {{"pool", job.name}, {"prometheus", by}, {"why", why_of(made.rejected, false)}}));
      }
    }
  }

  void add(target const &one) {
    auto entry = value::map({{"pool", one.pool}, {"prometheus", key(one.prometheus)}});
    entry.set("discovered", map_of(one.discovered()));
    if (one.dropped_by) {
      entry.set("why", dropped_why(one));
      dropped_.push(std::move(entry));
    } else if (!one.failure.empty()) {
      entry.set("why", one.failure);
      failed_.push(std::move(entry));
    } else {
      entry.set("labels", map_of(one.final));
      entry.set("url", one.url);
      entry.set("interval", one.interval);
      entry.set("timeout", one.timeout);
      if (one.shard) {
        entry.set("shard", value::number(std::to_string(*one.shard)));
      }
      targets_.push(std::move(entry));
    }
  }

  /// The rule that dropped it, in words.
  std::string dropped_why(target const &one) {
    if (job_ == nullptr || job_->name != one.pool || job_->prometheus != one.prometheus) {
      for (auto const &monitored : of_.monitors) {
        for (auto const &job : monitored.generated.jobs) {
          if (job.name == one.pool && job.prometheus == one.prometheus) {
            job_ = &job;
          }
        }
      }
    }
    auto const index = one.dropped_by.value_or(0);
    bool const known = job_ != nullptr && index < job_->relabel_rules.size();
    return known ? text(job_->relabel_rules[index]) : std::string();
  }

  prediction const &of_;
  scrape_job const *job_ = nullptr;  ///< the last one: targets of a job follow each other
  value pools_ = value::list(), rejected_ = value::list(), not_selected_ = value::list(),
        unloadable_ = value::list(), invalid_ = value::list(), targets_ = value::list(),
        dropped_ = value::list(), failed_ = value::list();
};

}  // namespace

value predict_json(prediction const &of, inventory const &) {
  return writer(of).take();
}

}  // namespace loopcheck
