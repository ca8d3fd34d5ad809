#pragma once
// Jupyter notebooks: JSON that holds cells of code and prose.

#include <string_view>

#include "base/result.h"
#include "text/chunk.h"

namespace sonde::text {

/// Renders the cells of a notebook (nbformat 3 and 4) as a text, each under a line "# %%" or
/// "# %% [markdown]", and chunks it by cells; outputs and images are left out. The answer's `text`
/// is that text. What is no notebook is windowed as it is, with a reason. Untrusted: runs in a
/// worker. Errors: Limit.
Result<ChunkedText> chunk_notebook(std::string_view json);

}  // namespace sonde::text
