// What the first bytes of a file say: secrets, LFS pointers, binaries, generated code.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

#include "tree/names.h"
#include "tree/walk.h"

namespace sonde::tree {
namespace {

using std::string_view;

constexpr std::size_t kMaxHeaderLines = 40;  // a generator's mark stands in the first comment
constexpr std::size_t kMinifiedHeadBytes = 2048;
constexpr std::size_t kMinifiedLineBytes = 400;  // on average; people stay under 120

string_view first_line(string_view& text) {
  const std::size_t end = text.find('\n');
  const string_view line = text.substr(0, end);
  text.remove_prefix(end == string_view::npos ? text.size() : end + 1);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

string_view trimmed(string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\f\v");
  return begin == string_view::npos ? string_view() : text.substr(begin);
}

bool has_utf16_or_32_mark(string_view head) {
  return head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF") ||
         head.starts_with(string_view("\0\0\xFE\xFF", 4));
}

// NUL bytes, a known beginning, or too many control bytes: text has none but white space, escape
// (logs), backspace and form feed (old man pages and GNU sources).
bool is_binary(string_view head) {
  if (has_utf16_or_32_mark(head)) {
    return false;
  }
  if (head.find('\0') != string_view::npos || head.starts_with("%PDF-")) {
    return true;
  }
  const auto control = std::count_if(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && (byte < 0x08 || byte > 0x0D) && byte != 0x1B;
  });
  constexpr std::size_t kShare = 10;
  return static_cast<std::size_t>(control) * kShare > head.size();
}

bool is_lfs_pointer(string_view head) {
  constexpr std::size_t kMaxPointerBytes = 1024;  // the LFS specification's limit
  constexpr auto kStarts = std::to_array<string_view>({"version https://git-lfs.github.com/spec/",
                                                       "version http://git-media.io/v/",
                                                       "version https://hawser.github.com/spec/"});
  return head.size() < kMaxPointerBytes && head.find("\noid ") != string_view::npos &&
         std::any_of(kStarts.begin(), kStarts.end(),
                     [head](string_view start) { return head.starts_with(start); });
}

// A README or a manual that is made from a template is still what a person wants to read.
bool is_prose(string_view path) {
  constexpr auto kProse = std::to_array<string_view>(
      {".md",  ".mdx", ".markdown", ".rst", ".txt",      ".adoc", ".asciidoc",
       ".org", ".tex", ".html",     ".htm", ".template", ".in",   ".1",
       ".2",   ".3",   ".4",        ".5",   ".6",        ".7",    ".8"});
  return std::any_of(kProse.begin(), kProse.end(),
                     [path](string_view ending) { return path.ends_with(ending); });
}

bool is_private_key_line(string_view line) {
  constexpr string_view kBegin = "-----BEGIN ";
  return line.starts_with(kBegin) && (line.find("PRIVATE KEY-----") != string_view::npos ||
                                      line.find("PRIVATE KEY BLOCK-----") != string_view::npos);
}

// Lines that stand before a key in a key file: "Bag Attributes", "key: value", comments. A key
// quoted inside code or prose has other lines before it, and the file stays: it is a test or a
// manual.
bool may_stand_before_key(string_view path, string_view line) {
  constexpr auto kStarts = std::to_array<string_view>(
      {"Bag Attributes", "Key Attributes", "subject=", "issuer=", "localKeyID:", "friendlyName:"});
  return line.empty() || (line.starts_with('#') && !is_prose(path)) ||
         std::any_of(kStarts.begin(), kStarts.end(),
                     [line](string_view start) { return line.starts_with(start); });
}

bool is_key_file(string_view path, string_view head) {
  if (head.starts_with("PuTTY-User-Key-File-") || head.starts_with("AGE-SECRET-KEY-1")) {
    return true;
  }
  if (head.find("PRIVATE KEY") == string_view::npos) {
    return false;
  }
  bool in_part = false;  // between BEGIN and END of a certificate that stands before the key
  while (!head.empty()) {
    const string_view line = trimmed(first_line(head));
    if (is_private_key_line(line)) {
      return true;
    }
    if (line.starts_with("-----")) {
      in_part = line.starts_with("-----BEGIN ");
    } else if (!in_part && !may_stand_before_key(path, line)) {
      return false;
    }
  }
  return false;
}

// The comment that a file begins with, in lower case: the lines up to the first one that is not
// blank and not a comment. Marks in strings further down (of generators' own sources) do not count.
class LeadingComment {
 public:
  explicit LeadingComment(string_view head) {
    if (head.starts_with("\xEF\xBB\xBF")) {
      head.remove_prefix(3);
    }
    for (std::size_t i = 0; i < kMaxHeaderLines && !head.empty(); ++i) {
      const string_view line = trimmed(first_line(head));
      if (!line.empty() && !take(line)) {
        return;
      }
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  bool take(string_view line) {
    if (!closer_.empty()) {
      add(line);
      if (line.find(closer_) != string_view::npos) {
        closer_ = {};
      }
      return true;
    }
    struct Block {
      string_view open, close;
    };
    static constexpr auto kBlocks = std::to_array<Block>({{"/*", "*/"},
                                                          {"<!--", "-->"},
                                                          {"\"\"\"", "\"\"\""},
                                                          {"'''", "'''"},
                                                          {"{-", "-}"},
                                                          {"(*", "*)"},
                                                          {"--[[", "]]"},
                                                          {"=begin", "=end"},
                                                          {"<#", "#>"}});
    for (const Block& block : kBlocks) {
      if (line.starts_with(block.open)) {
        add(line);
        if (line.find(block.close, block.open.size()) == string_view::npos) {
          closer_ = block.close;
        }
        return true;
      }
    }
    static constexpr auto kMarks = std::to_array<string_view>(
        {"//", "#", "--", ";", "%", "\"", "'", "!", "REM ", "rem ", "dnl ", ".\\\"", "..", "*"});
    if (std::any_of(kMarks.begin(), kMarks.end(),
                    [line](string_view mark) { return line.starts_with(mark); })) {
      // A directive is no comment, but the comment may go on behind it.
      if (!line.starts_with("#include") && !line.starts_with("#define")) {
        add(line);
      }
      return true;
    }
    return line.starts_with("<?") || line.starts_with("<!DOCTYPE") || line.starts_with("@echo");
  }
  void add(string_view line) {
    text_ += lower_name(line);
    text_ += '\n';
  }

  std::string text_;
  string_view closer_;
};

bool contains(string_view text, string_view part) { return text.find(part) != string_view::npos; }

// "@generated" as a word: not "@generatedValue", not the "x@generated.com" of an address.
bool has_generated_tag(string_view comment) {
  constexpr string_view kTag = "@generated";
  const std::size_t at = comment.find(kTag);
  if (at == string_view::npos) {
    return false;
  }
  const std::size_t end = at + kTag.size();
  const bool word_before =
      at > 0 && (std::isalnum(static_cast<unsigned char>(comment[at - 1])) != 0 ||
                 comment[at - 1] == '`' || comment[at - 1] == '"');
  const bool word_after =
      end < comment.size() && (std::isalnum(static_cast<unsigned char>(comment[end])) != 0 ||
                               comment[end] == '_' || comment[end] == '`' || comment[end] == '"');
  return !word_before && !word_after;
}

bool is_marked_generated(string_view head) {
  const LeadingComment leading(head);
  const string_view comment = leading.text();
  if (comment.empty()) {
    return false;
  }
  const bool hands_off = contains(comment, "do not edit") || contains(comment, "do not modify") ||
                         contains(comment, "don't edit") || contains(comment, "do not change") ||
                         contains(comment, "will be overwritten");
  const bool made = contains(comment, "generated") || contains(comment, "produced by") ||
                    contains(comment, "created by");
  constexpr auto kPlain = std::to_array<string_view>(
      {"<auto-generated", "code generated by", "file is generated by", "file was generated by",
       "automatically generated by", "file is automatically generated",
       "file was automatically generated", "file is auto-generated", "file is autogenerated",
       "file was auto-generated", "file was autogenerated", "file has been automatically generated",
       "autogenerated by", "auto-generated by", "generated by the protocol buffer compiler"});
  return has_generated_tag(comment) || (hands_off && made) ||
         std::any_of(kPlain.begin(), kPlain.end(),
                     [comment](string_view mark) { return contains(comment, mark); });
}

bool is_minified(string_view path, string_view head) {
  constexpr auto kScripts = std::to_array<string_view>({".js", ".mjs", ".cjs", ".css"});
  const bool script = std::any_of(kScripts.begin(), kScripts.end(),
                                  [path](string_view ending) { return path.ends_with(ending); });
  if (!script || head.size() < kMinifiedHeadBytes) {
    return false;
  }
  const auto lines = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n')) + 1;
  return head.size() / lines > kMinifiedLineBytes;
}

bool is_source_map(string_view path, string_view head) {
  return path.ends_with(".map") && trimmed(head).starts_with('{') &&
         (contains(head, "\"mappings\"") || contains(head, "\"sources\""));
}

}  // namespace

bool skip_by_content(string_view path, string_view head, const WalkOptions& options,
                     SkipReason& reason) {
  if (is_key_file(path, head)) {
    reason = SkipReason::Secret;
  } else if (is_lfs_pointer(head)) {
    reason = SkipReason::LfsPointer;
  } else if (is_binary(head)) {
    reason = SkipReason::Binary;
  } else if (!options.include_generated && ((!is_prose(path) && is_marked_generated(head)) ||
                                            is_minified(path, head) || is_source_map(path, head))) {
    reason = SkipReason::Generated;
  } else {
    return false;
  }
  return true;
}

}  // namespace sonde::tree
