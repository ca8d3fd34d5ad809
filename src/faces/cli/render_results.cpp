#include "faces/cli/render_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "faces/cli/query_words.h"
#include "faces/wording.h"
#include "library/location.h"

namespace sonde::faces::cli {

namespace {

constexpr std::size_t kLineLimitBytes = 64 * 1024;  // more of one line is not looked at

using Lines = std::vector<std::string_view>;

/// The lines of `text`, without their ends. At most as many as the text has; views into it.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') {
      line.remove_suffix(1);
    }
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string absolute_of(const library::SearchHit& hit) { return hit.source_path + "/" + hit.path; }

std::string shown_path(const library::SearchHit& hit, const RenderOptions& options) {
  return safe_path(library::relative_path(absolute_of(hit), options.working_directory));
}

/// A part of a place's text.
struct Window {
  std::size_t first = 0;  // index of its first line
  std::size_t count = 0;
};

/// The kShownLines lines with the most different words of the query; the earliest of equals.
Window best_window(const Lines& lines, const std::vector<std::string>& words) {
  if (lines.size() <= kShownLines) {
    return {0, lines.size()};
  }
  std::vector<std::set<std::size_t>> found(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (const Span& span : find_words(lines[i].substr(0, kLineLimitBytes), words)) {
      found[i].insert(span.word);
    }
  }
  Window best{0, kShownLines};
  std::size_t best_words = 0;
  for (std::size_t first = 0; first + kShownLines <= lines.size(); ++first) {
    std::set<std::size_t> here;
    for (std::size_t i = first; i < first + kShownLines; ++i) {
      here.insert(found[i].begin(), found[i].end());
    }
    if (here.size() > best_words) {
      best_words = here.size();
      best.first = first;
    }
  }
  return best;
}

std::string highlighted(const std::string& line, const std::vector<std::string>& words,
                        const Painter& painter) {
  if (!painter.color) {
    return line;
  }
  std::string result;
  std::size_t at = 0;
  for (const Span& span : find_words(line, words)) {
    result += line.substr(at, span.start - at);
    result += painter.paint(Style::Match,
                            std::string_view(line).substr(span.start, span.end - span.start));
    at = span.end;
  }
  return result + line.substr(at);
}

std::string header(const library::SearchHit& hit, const RenderOptions& options) {
  const Painter& painter = options.painter;
  const std::string place = painter.paint(Style::Path, shown_path(hit, options)) + ":" +
                            painter.paint(Style::Line, std::to_string(hit.start_line));
  std::string line = painter.link(absolute_of(hit), place);
  if (!hit.symbol.empty()) {
    const std::string scope = hit.scope.empty() ? "" : hit.scope + ".";
    line += "  " + painter.paint(Style::Symbol, safe_line(scope + hit.symbol));
  }
  line +=
      "  " + painter.paint(Style::Dim, fmt::format("{}  {:.2f}", safe_line(hit.kind), hit.score));
  if (hit.stale) {
    line += "  " + painter.paint(Style::Warning, "changed on the disk since");
  }
  return line;
}

void render_lines(std::ostream& out, const Lines& lines, Window window, std::uint32_t first_number,
                  const std::vector<std::string>& words, const RenderOptions& options) {
  const std::size_t last_number = first_number + window.first + window.count;
  const std::size_t digits = std::to_string(last_number).size();
  const std::size_t room = std::max<std::size_t>(options.width, 40) - digits - 4;
  const Painter& painter = options.painter;
  if (window.first > 0) {
    out << "  "
        << painter.paint(Style::Dim, fmt::format("{:>{}}  ({} before)", "…", digits,
                                                 counted(window.first, "line", "lines")))
        << '\n';
  }
  for (std::size_t i = window.first; i < window.first + window.count; ++i) {
    const std::string shown = cut_to_width(safe_line(lines[i].substr(0, kLineLimitBytes)), room);
    out << "  " << painter.paint(Style::Dim, fmt::format("{:>{}}", first_number + i, digits))
        << "  " << highlighted(shown, words, painter) << '\n';
  }
  const std::size_t left = lines.size() - window.first - window.count;
  if (left > 0) {
    out << "  "
        << painter.paint(Style::Dim, fmt::format("{:>{}}  ({} more)", "…", digits,
                                                 counted(left, "line", "lines")))
        << '\n';
  }
}

void render_text(std::ostream& out, const library::SearchHit& hit,
                 const std::vector<std::string>& words, const RenderOptions& options) {
  if (hit.context_start_line > 0) {
    const Lines lines = lines_of(hit.context);
    render_lines(out, lines, {0, lines.size()}, hit.context_start_line, words, options);
    return;
  }
  const Lines lines = lines_of(hit.text);
  render_lines(out, lines, best_window(lines, words), hit.start_line, words, options);
}

void render_more(std::ostream& out, const library::SearchHit& hit, const RenderOptions& options) {
  const Painter& painter = options.painter;
  for (const library::Place& place : hit.more) {
    const std::string where = fmt::format("{}:{}", shown_path(hit, options), place.start_line);
    out << "  also " << painter.link(absolute_of(hit), where) << "  " << safe_line(place.symbol)
        << (place.symbol.empty() ? "" : "  ")
        << painter.paint(Style::Dim, fmt::format("{:.2f}", place.score)) << '\n';
  }
}

void render_explanation(std::ostream& out, const library::SearchHit& hit,
                        const RenderOptions& options) {
  std::string line = fmt::format("words {:.3f}", hit.words);
  if (hit.meaning != 0) {
    line += fmt::format("  meaning {:.3f}", hit.meaning);
  }
  for (const auto& [name, value] : hit.boosts) {
    line += fmt::format(", {} {:+.3f}", safe_line(name), value);
  }
  out << "  " << options.painter.paint(Style::Dim, "score: " + line) << '\n';
}

bool holds_word(std::string_view line, const std::string& word) {
  const auto part_of_word = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  for (std::size_t at = line.find(word); at != std::string_view::npos;
       at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !part_of_word(line[at - 1])) &&
        (end == line.size() || !part_of_word(line[end]))) {
      return true;
    }
  }
  return false;
}

bool says_something(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

/// Which line stands for the place: the one that names its symbol, else the one with the most
/// different words of the query, else the first with a letter or digit.
std::size_t telling_line(const Lines& lines, const std::string& symbol,
                         const std::vector<std::string>& words) {
  std::size_t best = 0;
  std::size_t best_worth = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i].substr(0, kLineLimitBytes);
    if (!symbol.empty() && holds_word(line, symbol)) {
      return i;
    }
    std::set<std::size_t> found;
    for (const Span& span : find_words(line, words)) {
      found.insert(span.word);
    }
    const std::size_t worth = found.size() + (says_something(line) ? 1 : 0);
    if (worth > best_worth) {
      best_worth = worth;
      best = i;
    }
  }
  return best;
}

void plain_line(std::ostream& out, const std::string& path, char separator, std::uint64_t number,
                std::string_view text) {
  // A line feed is the only byte that would break the format, and a line holds none.
  out << path << separator << number << separator << text << '\n';
}

void plain_context(std::ostream& out, const library::SearchHit& hit, const std::string& path) {
  std::uint64_t number = hit.context_start_line;
  for (const std::string_view line : lines_of(hit.context)) {
    const bool inside = number >= hit.start_line && number <= hit.end_line;
    plain_line(out, path, inside ? ':' : '-', number, line);
    ++number;
  }
}

}  // namespace

void render_for_people(std::ostream& out, const library::SearchAnswer& answer,
                       const RenderOptions& options) {
  const std::vector<std::string> words = words_to_highlight(answer.query);
  bool first = true;
  for (const library::SearchHit& hit : answer.results) {
    if (!first) {
      out << '\n';
    }
    first = false;
    out << header(hit, options) << '\n';
    if (options.explain) {
      render_explanation(out, hit, options);
    }
    render_text(out, hit, words, options);
    render_more(out, hit, options);
  }
}

void render_plain(std::ostream& out, const library::SearchAnswer& answer,
                  const RenderOptions& options) {
  const std::vector<std::string> words = words_to_highlight(answer.query);
  bool first = true;
  for (const library::SearchHit& hit : answer.results) {
    const std::string path = shown_path(hit, options);
    if (hit.context_start_line > 0) {
      if (!first) {
        out << "--\n";
      }
      plain_context(out, hit, path);
    } else {
      const Lines lines = lines_of(hit.text);
      const std::size_t line = telling_line(lines, hit.symbol, words);
      plain_line(out, path, ':', hit.start_line + line,
                 lines.empty() ? std::string_view() : lines[line]);
      for (const library::Place& place : hit.more) {
        plain_line(out, path, ':', place.start_line, place.symbol);
      }
    }
    first = false;
  }
}

void render_paths(std::ostream& out, const library::SearchAnswer& answer,
                  const RenderOptions& options) {
  for (const library::SearchHit& hit : answer.results) {
    const std::string path = shown_path(hit, options);
    out << options.painter.link(absolute_of(hit), options.painter.paint(Style::Path, path)) << '\n';
  }
}

}  // namespace sonde::faces::cli
