#pragma once
// What is written at a definition about who may use it: visibility, annotations, `override`.

#include <string_view>

#include <tree_sitter/api.h>

#include "text/structure.h"
#include "text/syntax/flow.h"

namespace sonde::text {

/// Fed in the order of the text.
class MarkReader {
 public:
  MarkReader(std::string_view language, std::string_view text) : language_(language), text_(text) {}

  /// An attribute or `export` that stands before what it is about.
  void note(Flow flow, TSNode node);
  /// Fills visibility and marks.
  void mark(TSNode node, std::string_view name, Definition& definition);

 private:
  void mark_by_word(std::string_view written, Definition& definition) const;
  void mark_by_attribute(std::string_view written, Definition& definition) const;
  void mark_by_children(TSNode node, Definition& definition, int depth) const;
  void mark_by_name(std::string_view name, Definition& definition) const;
  [[nodiscard]] bool stands_before(std::uint32_t end, std::uint32_t start) const;

  const std::string_view language_;
  const std::string_view text_;
  std::uint32_t attributes_begin_ = 0;  // of those in a row
  std::uint32_t attributes_end_ = 0;
  bool overrides_ = false;   // one of them says so
  bool hands_over_ = false;  // one of them may hand it to a framework
  std::uint32_t export_begin_ = 0;
  std::uint32_t export_end_ = 0;
};

}  // namespace sonde::text
