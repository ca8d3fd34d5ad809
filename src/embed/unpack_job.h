#pragma once
// How an archive with a model in it travels to a worker, and the model's files back.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sonde::embed {

/// What fits into a frame of the workers' protocol with room to spare, there and back.
inline constexpr std::uint64_t kArchiveLimitBytes = 240ULL << 20;
inline constexpr std::uint64_t kUnpackedLimitBytes = 250ULL << 20;

struct UnpackedFile {
  std::string_view name;  // one of kModelFiles
  std::string_view bytes;
};

struct UnpackedModel {
  std::string_view root;  // the folder in the archive that held it; empty: the top
  std::vector<UnpackedFile> files;
};

/// The answer to a job whose payload is the archive itself.
std::string encode_unpack_answer(const UnpackedModel& model);
/// Checks what a worker may have got wrong: names, that each comes once, sizes. The result views
/// `answer`. Errors: Corruption, Limit.
Result<UnpackedModel> decode_unpack_answer(std::string_view answer);

/// The handler that sonde-worker registers for JobKind::UnpackModel: finds the one folder in a zip
/// (a wheel is one), tar or tar.gz that holds config.json and model.safetensors. Lives in
/// sonde_archive. Errors: NotFound (no model), InvalidArgument (no archive, several models), Limit.
Result<std::string> handle_unpack_job(std::string_view archive);

}  // namespace sonde::embed
