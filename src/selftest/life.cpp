#include "selftest/life.h"

#include <array>
#include <utility>

#include "base/thread_pool.h"
#include "library/disk.h"
#include "library/machine.h"
#include "library/meaning.h"
#include "library/segments.h"
#include "library/writer.h"

namespace sonde::selftest {

namespace {

enum class Call { Create, Index, Compact, Forget, Vectors };

struct Step {
  const char* name;
  std::size_t add;
  std::size_t edit;
  std::size_t remove;
  std::size_t move;
  Call call;
  int model;  // 0: nothing is embedded
};

constexpr std::array kSteps = {
    Step{"create", 0, 0, 0, 0, Call::Create, 0},
    Step{"index", 8, 0, 0, 0, Call::Index, 0},
    Step{"edit", 0, 3, 0, 0, Call::Index, 0},
    Step{"delete", 0, 0, 2, 0, Call::Index, 0},
    Step{"move", 0, 0, 0, 2, Call::Index, 0},
    Step{"embed", 0, 0, 0, 0, Call::Index, 1},
    Step{"edit and embed", 2, 2, 0, 0, Call::Index, 1},
    Step{"merge", 0, 1, 1, 0, Call::Compact, 1},
    Step{"write a file of vectors", 0, 0, 0, 0, Call::Vectors, 1},
    Step{"forget", 0, 0, 0, 0, Call::Forget, 1},
    Step{"edit after forgetting", 1, 2, 0, 1, Call::Index, 1},
    Step{"change the model", 0, 0, 0, 0, Call::Index, 2},
    Step{"write another file of vectors", 0, 0, 0, 0, Call::Vectors, 2},
    Step{"edit once", 0, 1, 0, 0, Call::Index, 2},
    Step{"edit twice", 0, 1, 0, 0, Call::Index, 2},
    Step{"edit thrice", 0, 1, 0, 0, Call::Index, 2},
    Step{"edit again", 0, 1, 0, 0, Call::Index, 2},
    Step{"edit, delete and move", 1, 2, 1, 1, Call::Index, 2},
    Step{"merge again", 0, 0, 0, 0, Call::Compact, 2},
    Step{"edit at last", 1, 2, 0, 0, Call::Index, 2},
};

constexpr std::size_t kEmbedBatch = 8;  // so that embedding takes several commits

const char* model_name(int model) { return model == 1 ? "bag" : "sack"; }

}  // namespace

library::LibraryOptions options_for(const Ground& ground, int model) {
  library::LibraryOptions options;
  options.location.directory = ground.directory;
  options.location.root = ground.root;
  options.environment.working_directory = ground.root;
  options.environment.worker_program = ground.worker_program;
  options.config.threads = 1;
  options.config.max_rss_bytes = 256ULL << 20;
  options.fs = ground.fs;
  options.vfs = ground.vfs;
  if (model != 0) {
    options.encoder = std::make_shared<BagEncoder>(model_name(model));
    options.encoder_of = [](const std::string& key) -> std::shared_ptr<embed::Encoder> {
      for (const int candidate : {1, 2}) {
        auto encoder = std::make_shared<BagEncoder>(model_name(candidate));
        if (library::model_key(encoder->id()) == key) {
          return encoder;
        }
      }
      return nullptr;
    };
  }
  return options;
}

Status write_vector_file(const library::LibraryOptions& options) {
  const library::Limits limits = library::limits_for(options.config);
  io::FileSystem& fs = library::file_system(options);
  library::Segments segments(fs, options.location.directory, limits);
  ThreadPool pool(1, "vectors");
  TRY_ASSIGN(const std::unique_ptr<library::Writer> writer,
             library::Writer::open(library::store_options(options, store::Access::Write), fs,
                                   segments, pool));
  return library::rebuild_vectors(writer->store(), segments, pool);
}

Life::Life(std::string root, std::uint64_t seed) : tree_(std::move(root), seed) {}

std::size_t Life::steps() { return kSteps.size(); }
std::string Life::name(std::size_t step) { return kSteps[step].name; }
int Life::model(std::size_t step) { return kSteps[step].model; }

bool Life::forgets(std::size_t step) { return kSteps[step].call == Call::Forget; }

Status Life::prepare(std::size_t step) {
  const Step& now = kSteps[step];
  TRY(tree_.add(now.add));
  TRY(tree_.edit(now.edit));
  TRY(tree_.remove(now.remove));
  TRY(tree_.move(now.move));
  if (now.call == Call::Forget) {
    to_forget_ = tree_.forget_one();
  }
  return {};
}

Status Life::call(std::size_t step, const Ground& ground) const {
  const Step& now = kSteps[step];
  const library::LibraryOptions options = options_for(ground, now.model);
  if (now.call == Call::Create) {
    TRY(library::Library::create(options));
  } else if (now.call == Call::Vectors) {
    TRY(write_vector_file(options));
  } else {
    TRY_ASSIGN(const std::unique_ptr<library::Library> library, library::Library::open(options));
    if (now.call == Call::Forget) {
      TRY(library->forget({to_forget_}, {}));
    } else {
      library::IndexRequest request;
      request.embed_batch = kEmbedBatch;
      request.compact = now.call == Call::Compact;
      TRY(library->index(request, {}, {}));
    }
  }
  return {};
}

Status Life::act(std::size_t step, const Ground& ground) {
  TRY(call(step, ground));
  tree_.expected().acknowledge();
  if (kSteps[step].model != 0) {
    tree_.expected().acknowledge_meaning();
  }
  return {};
}

}  // namespace sonde::selftest
