#pragma once
// Resources: the files of the roots, and answers that were given.

#include <string>

#include "base/cancel.h"
#include "faces/mcp/protocol.h"
#include "faces/mcp/workspace.h"

namespace sonde::faces::mcp {

/// The result of resources/list: the saved answers. Files are too many to be listed; see the
/// template.
Object resource_list(Workspace& workspace);
/// The result of resources/templates/list.
Object resource_templates();
/// The result of resources/read. Errors: InvalidArgument, NotFound, Limit, Io, Cancelled.
Result<Object> read_resource(Workspace& workspace, const std::string& uri,
                             const CancelToken& cancel);

}  // namespace sonde::faces::mcp
