#include "faces/cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "faces/wording.h"

namespace sonde::faces::cli {

namespace {

constexpr std::chrono::milliseconds kBetweenDraws{100};
constexpr double kRateAfterSeconds = 0.5;  // earlier rates are noise

const char* phase_name(library::Progress::Phase phase) {
  switch (phase) {
    case library::Progress::Phase::Scan: return "looking at files";
    case library::Progress::Phase::Index: return "indexing";
    case library::Progress::Phase::Merge: return "merging";
    case library::Progress::Phase::Check: return "checking";
    case library::Progress::Phase::Rebuild: return "rebuilding";
    case library::Progress::Phase::Embed: return "embedding";
    case library::Progress::Phase::Download: return "downloading";
  }
  return "working";
}

}  // namespace

ProgressLine::ProgressLine(std::ostream& err, Terminal terminal, bool quiet, Clock clock)
    : err_(err),
      terminal_(std::move(terminal)),
      enabled_(terminal_.is_terminal && !terminal_.dumb && !quiet),
      clock_(std::move(clock)) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::update(const library::Progress& progress) {
  if (!enabled_) {
    return;
  }
  const auto now = clock_();
  const bool new_phase = !begun_ || progress.phase != first_.phase;
  if (new_phase) {
    begun_ = true;
    first_ = progress;
    phase_start_ = now;
  }
  if (due(now)) {
    draw(describe(progress, std::chrono::duration<double>(now - phase_start_).count()), now);
  }
}

void ProgressLine::update_commits(std::uint64_t done, std::uint64_t total) {
  if (!enabled_) {
    return;
  }
  const auto now = clock_();
  if (!begun_) {
    begun_ = true;
    first_.files_done = done;
    phase_start_ = now;
  }
  if (!due(now)) {
    return;
  }
  std::string line =
      fmt::format("reading the history  {}/{} commits", with_commas(done), with_commas(total));
  const double seconds = std::chrono::duration<double>(now - phase_start_).count();
  if (seconds >= kRateAfterSeconds && done > first_.files_done && done < total) {
    const double rate = static_cast<double>(done - first_.files_done) / seconds;
    line += fmt::format("  {} a second  {} left", with_commas(static_cast<std::uint64_t>(rate)),
                        human_duration(std::max(static_cast<double>(total - done) / rate, 1.0)));
  }
  draw(line, now);
}

bool ProgressLine::due(std::chrono::steady_clock::time_point now) const {
  return !drawn_ || now - last_draw_ >= kBetweenDraws;
}

void ProgressLine::draw(const std::string& line, std::chrono::steady_clock::time_point now) {
  last_draw_ = now;
  const std::size_t width = std::max<std::size_t>(terminal_.width, 20) - 1;
  err_ << "\r\x1b[K" << cut_to_width(line, width) << std::flush;
  drawn_ = true;
}

void ProgressLine::clear() {
  if (drawn_) {
    err_ << "\r\x1b[K" << std::flush;
    drawn_ = false;
  }
}

library::ProgressSink ProgressLine::sink() {
  return [this](const library::Progress& progress) { update(progress); };
}

std::string ProgressLine::describe_embedding(const library::Progress& progress,
                                             double phase_seconds) const {
  const std::uint64_t total = progress.embed_total;
  const std::uint64_t done = std::min(total, progress.embed_done);
  std::string line = fmt::format("  {}/{} places", with_commas(done), with_commas(total));
  if (phase_seconds < kRateAfterSeconds || done <= first_.embed_done) {
    return line;
  }
  const double rate = static_cast<double>(done - first_.embed_done) / phase_seconds;
  line += fmt::format("  {} a second", with_commas(static_cast<std::uint64_t>(rate)));
  if (done < total) {
    const double left = static_cast<double>(total - done) / rate;
    line += fmt::format("  {} left", human_duration(std::max(left, 1.0)));
  }
  return line;
}

std::string ProgressLine::describe(const library::Progress& progress, double phase_seconds) const {
  std::string line = phase_name(progress.phase);
  if (progress.phase == library::Progress::Phase::Embed) {
    return line + describe_embedding(progress, phase_seconds);
  }
  if (progress.files_total > 0) {
    line += fmt::format("  {}/{} files", with_commas(progress.files_done),
                        with_commas(progress.files_total));
  } else if (progress.files_done > 0) {
    line += fmt::format("  {}", counted(progress.files_done, "file", "files"));
  }
  // Bytes tell how much work is left better than files do, whose sizes differ a thousandfold.
  const bool by_bytes = progress.bytes_total > 0;
  const std::uint64_t total = by_bytes ? progress.bytes_total : progress.files_total;
  const std::uint64_t done = std::min(total, by_bytes ? progress.bytes_done : progress.files_done);
  if (total > 0) {
    line += fmt::format(
        "  {}%", static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(total)));
  }
  if (phase_seconds < kRateAfterSeconds) {
    return line;
  }
  if (progress.lines > first_.lines) {
    const double rate = static_cast<double>(progress.lines - first_.lines) / phase_seconds;
    line += fmt::format("  {} lines/s", with_commas(static_cast<std::uint64_t>(rate)));
  }
  const std::uint64_t before = by_bytes ? first_.bytes_done : first_.files_done;
  if (total > 0 && done > before && done < total) {
    const double left =
        static_cast<double>(total - done) * phase_seconds / static_cast<double>(done - before);
    line += fmt::format("  {} left", human_duration(std::max(left, 1.0)));
  }
  return line;
}

}  // namespace sonde::faces::cli
