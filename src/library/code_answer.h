#pragma once
// Answers about the structure of code, on one snapshot.

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "io/file_system.h"
#include "library/answer.h"
#include "library/code_lookup.h"
#include "library/library.h"
#include "library/segments.h"
#include "store/store.h"

namespace sonde::library {

enum class SymbolQuestion { Definition, References };
enum class CallQuestion { Callers, Callees };

/// What answers need beside the request. All outlive the calls.
struct CodeContext {
  io::FileSystem& fs;
  store::Reader& reader;
  Segments& segments;
  const TreeCheck& check;
  const CancelToken& cancel;
};

/// Errors: InvalidArgument, Corruption (names the derived file or the truth), Io, Cancelled;
/// answer_outline also NotFound. Threads: each call with its own reader.
Result<SymbolAnswer> answer_symbol(const CodeContext& context, const SymbolRequest& request,
                                   SymbolQuestion question);
Result<CallsAnswer> answer_calls(const CodeContext& context, const SymbolRequest& request,
                                 CallQuestion question);
Result<OutlineAnswer> answer_outline(const CodeContext& context, const OutlineRequest& request);

/// Says in an answer's notes how much of the code is known.
void note_state(const StructureState& state, Completeness& index);

/// What all answers about code end with. Errors: those of the reader.
template <typename Answer>
Status finish_answer(const CodeContext& context, CodeLookup& lookup, std::vector<std::string> notes,
                     Answer& answer) {
  TRY_ASSIGN(answer.structure, lookup.state());
  TRY_ASSIGN(answer.index, completeness_of(context.reader, context.check, 0));
  std::move(notes.begin(), notes.end(), std::back_inserter(answer.index.notes));
  note_state(answer.structure, answer.index);
  return {};
}

}  // namespace sonde::library
