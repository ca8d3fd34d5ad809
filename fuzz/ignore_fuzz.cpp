// Ignore rules: whatever the rules and the path, matching ends, and what it says agrees with
// itself. Input: one byte of options, the rules, a NUL, the path.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tree/ignore.h"

namespace {

using namespace sonde::tree;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const LetterCase letters = (data[0] & 1) != 0 ? LetterCase::Ignored : LetterCase::Exact;
  const std::size_t end = input.find('\0');
  const auto list = RuleList::parse(input.substr(0, end), "fuzz", letters);
  const std::string_view path =
      end == std::string_view::npos ? std::string_view("a/b.c") : input.substr(end + 1);
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  const RuleMatch file = list->match(path, name, EntryKind::File);
  const RuleMatch folder = list->match(path, name, EntryKind::Folder);
  // A folder meets every rule that a file meets, so a later one or the same decides.
  require(file.verdict == Verdict::None || folder.rule >= file.rule);
  require((file.rule == nullptr) == (file.verdict == Verdict::None));
  require(file.rule == nullptr || !file.rule->folders_only);
  require(list->may_include_below(path) || !list->may_include_below(std::string(path) + "/x"));
  return 0;
}
