#include "tree/names.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "tree/name_table.h"
#include "tree/wildmatch.h"

namespace sonde::tree {
namespace {

using std::string_view;

string_view extension_of(string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == string_view::npos ? string_view() : name.substr(dot + 1);
}

constexpr auto kSecretNames = sorted(std::to_array<string_view>({"id_rsa",
                                                                 "id_dsa",
                                                                 "id_ecdsa",
                                                                 "id_ed25519",
                                                                 "id_ecdsa_sk",
                                                                 "id_ed25519_sk",
                                                                 ".netrc",
                                                                 "_netrc",
                                                                 ".pgpass",
                                                                 ".npmrc",
                                                                 ".pypirc",
                                                                 ".yarnrc.yml",
                                                                 ".git-credentials",
                                                                 ".htpasswd",
                                                                 ".my.cnf",
                                                                 ".mylogin.cnf",
                                                                 ".dockercfg",
                                                                 ".s3cfg",
                                                                 ".boto",
                                                                 ".envrc",
                                                                 ".vault-token",
                                                                 ".vault_pass",
                                                                 ".terraformrc",
                                                                 "terraform.rc",
                                                                 "credentials.json",
                                                                 "client_secret.json",
                                                                 "client_secrets.json",
                                                                 "service-account.json",
                                                                 "service_account.json",
                                                                 "terraform.tfstate",
                                                                 "terraform.tfstate.backup",
                                                                 ".bash_history",
                                                                 ".zsh_history",
                                                                 ".python_history",
                                                                 ".psql_history",
                                                                 ".mysql_history",
                                                                 ".node_repl_history",
                                                                 ".lesshst"}));

constexpr auto kSecretExtensions = sorted(std::to_array<string_view>(
    {"pem", "key", "p12", "pfx", "pkcs12", "keystore", "jks", "kdbx", "kdb", "ppk", "ovpn",
     "tfstate", "agekey", "keychain", "keychain-db", "p8"}));

struct NamedPlace {
  string_view parent, name;
};
constexpr auto kSecretPlaces = std::to_array<NamedPlace>({{".aws", "credentials"},
                                                          {".aws", "config"},
                                                          {".docker", "config.json"},
                                                          {".kube", "config"},
                                                          {".gem", "credentials"},
                                                          {".cargo", "credentials"},
                                                          {".cargo", "credentials.toml"},
                                                          {".streamlit", "secrets.toml"},
                                                          {".m2", "settings-security.xml"}});

// What follows ".env." in files that are made to be shown.
constexpr auto kSharedEnvironment = std::to_array<string_view>(
    {".example", ".sample", ".template", ".dist", ".defaults", ".tpl", ".tmpl", ".schema"});

constexpr auto kBinaryExtensions = sorted(std::to_array<string_view>(
    {// images
     "png", "jpg", "jpeg", "gif", "bmp", "ico", "icns", "webp", "tif", "tiff", "avif", "heic",
     "heif", "psd", "xcf", "cr2", "nef", "dds", "exr", "tga", "jp2", "jxl", "cur",
     "sketch",  // sound and film
     "mp3", "wav", "flac", "ogg", "oga", "opus", "m4a", "aac", "wma", "aiff", "mid", "midi", "mp4",
     "m4v", "mkv", "mov", "avi", "wmv", "webm", "flv", "mpg", "mpeg", "ogv", "3gp", "swf",
     // archives and images of disks
     "zip", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lz4", "lzma", "7z", "rar",
     "jar", "war", "ear", "aar", "whl", "egg", "gem", "nupkg", "deb", "rpm", "apk", "ipa", "dmg",
     "iso", "img", "msi", "cab", "crate", "xpi", "crx", "vsix", "phar",
     // compiled
     "o", "a", "lib", "so", "dylib", "dll", "exe", "class", "pyc", "pyo", "pyd", "elc", "beam",
     "wasm", "pdb", "ilk", "gch", "pch", "rlib", "rmeta", "luac", "dex", "lockb", "swiftmodule",
     "cmi", "cmo", "cmx", "cma", "cmxa", "nib",
     // fonts
     "ttf", "otf", "woff", "woff2", "eot", "pfb",
     // documents that are not text
     "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "epub", "mobi",
     "djvu",
     // data
     "db", "sqlite", "sqlite3", "db3", "mdb", "accdb", "rdb", "ldb", "parquet", "feather", "arrow",
     "orc", "avro", "npy", "npz", "pkl", "pickle", "joblib", "h5", "hdf5", "rds", "rdata", "pth",
     "ckpt", "safetensors", "gguf", "ggml", "onnx", "tflite", "mlmodel", "pack", "idx", "blend",
     "fbx", "glb", "3ds", "unitypackage", "uasset", "umap", "der", "cer", "p7b", "gpg", "pcap",
     "pcapng", "bin", "profraw", "profdata", "gcda", "gcno", "swp", "swo"}));

constexpr auto kGeneratedNames = sorted(std::to_array<string_view>({"package-lock.json",
                                                                    "npm-shrinkwrap.json",
                                                                    "yarn.lock",
                                                                    "pnpm-lock.yaml",
                                                                    "bun.lock",
                                                                    "deno.lock",
                                                                    "cargo.lock",
                                                                    "poetry.lock",
                                                                    "pdm.lock",
                                                                    "uv.lock",
                                                                    "pipfile.lock",
                                                                    "pixi.lock",
                                                                    "composer.lock",
                                                                    "gemfile.lock",
                                                                    "mix.lock",
                                                                    "rebar.lock",
                                                                    "flake.lock",
                                                                    "podfile.lock",
                                                                    "package.resolved",
                                                                    "cartfile.resolved",
                                                                    "pubspec.lock",
                                                                    "packages.lock.json",
                                                                    "project.assets.json",
                                                                    "gradle.lockfile",
                                                                    "buildscript-gradle.lockfile",
                                                                    "go.sum",
                                                                    "go.work.sum",
                                                                    "gopkg.lock",
                                                                    "glide.lock",
                                                                    "stack.yaml.lock",
                                                                    "cabal.project.freeze",
                                                                    "module.bazel.lock",
                                                                    "cargo-bazel-lock.json",
                                                                    "conan.lock",
                                                                    "vcpkg-lock.json",
                                                                    "chart.lock",
                                                                    "lazy-lock.json",
                                                                    "shard.lock",
                                                                    "symfony.lock",
                                                                    "paket.lock",
                                                                    "spago.lock",
                                                                    ".pnp.cjs",
                                                                    ".pnp.loader.mjs",
                                                                    ".terraform.lock.hcl",
                                                                    "gradlew",
                                                                    "gradlew.bat",
                                                                    "mvnw",
                                                                    "mvnw.cmd"}));

constexpr auto kGeneratedEndings = std::to_array<string_view>(
    {".min.js",          ".min.mjs",        ".min.cjs",      ".min.css",      "-min.js",
     "-min.css",         ".min.html",       ".js.map",       ".mjs.map",      ".cjs.map",
     ".css.map",         ".ts.map",         ".tsx.map",      ".pb.go",        ".pb.gw.go",
     ".pb.cc",           ".pb.h",           ".pb.c",         ".pb.swift",     ".grpc.swift",
     ".pb.dart",         ".pbenum.dart",    ".pbgrpc.dart",  ".pbjson.dart",  "_pb2.py",
     "_pb2.pyi",         "_pb2_grpc.py",    "_pb.js",        "_pb.d.ts",      "_grpc_pb.js",
     "_pb.rb",           "_services_pb.rb", ".g.dart",       ".freezed.dart", ".gr.dart",
     ".mocks.dart",      ".designer.cs",    ".designer.vb",  ".g.cs",         ".g.i.cs",
     ".xaml.g.cs",       "_generated.go",   "_generated.rs", "_generated.h",  "_generated.ts",
     "_generated.js",    ".generated.ts",   ".generated.js", ".generated.cs", ".generated.go",
     ".generated.swift", ".generated.h",    "_easyjson.go",  ".snap.new",     ".tsbuildinfo"});

constexpr auto kVendoredFolders = sorted(std::to_array<string_view>(
    {"node_modules", "bower_components", "jspm_packages", "web_modules", "site-packages",
     "dist-packages", "third_party", "thirdparty", "third-party", "3rdparty", "3rd_party",
     "3rd-party", "_vendor", "_vendored_packages", "Pods", "Carthage", "elm-stuff", "Godeps"}));

constexpr auto kManifests = sorted(std::to_array<string_view>(
    {"go.mod", "composer.json", "Gemfile", "Cargo.toml", "package.json", "bower.json", "setup.py",
     "setup.cfg", "pyproject.toml", "mix.exs", "Package.swift", "Makefile", "CMakeLists.txt",
     "meson.build", "Gopkg.toml", "glide.yaml"}));

constexpr auto kAssetFolders = sorted(std::to_array<string_view>(
    {"assets", "static", "public", "www", "wwwroot", "web", "htdocs", "js", "javascripts", "css",
     "stylesheets", "scripts", "styles", "dist", "_static", "_assets"}));

bool is_environment_secret(string_view name) {
  if (!name.starts_with(".env")) {
    return false;
  }
  const string_view rest = name.substr(4);
  return (rest.empty() || rest.front() == '.' || rest.front() == '-' || rest.front() == '_') &&
         !ends_with_one_of(name, kSharedEnvironment);
}

}  // namespace

std::string lower_name(string_view name) {
  std::string result(name);
  for (char& c : result) {
    c = static_cast<char>(ascii_lower(static_cast<std::uint8_t>(c)));
  }
  return result;
}

string_view secret_file_rule(string_view name, string_view parent) {
  const std::string lowered = lower_name(name);
  const string_view extension = extension_of(lowered);
  if (is_environment_secret(lowered)) {
    return "environment file";
  }
  if (has(kSecretNames, lowered)) {
    return "credentials or key";
  }
  if (!extension.empty() && has(kSecretExtensions, extension)) {
    return "key or certificate store";
  }
  const bool placed = std::any_of(
      kSecretPlaces.begin(), kSecretPlaces.end(),
      [&](const NamedPlace& place) { return place.parent == parent && place.name == lowered; });
  return placed ? "credentials" : string_view();
}

string_view secret_folder_rule(string_view name) {
  return name == ".ssh" || name == ".gnupg" || name == ".password-store" ? "keys and passwords"
                                                                         : string_view();
}

bool is_binary_name(string_view name) {
  const string_view extension = extension_of(name);
  constexpr std::size_t kLongest = 16;
  if (extension.empty() || extension.size() > kLongest) {
    return false;
  }
  const std::string lowered = lower_name(extension);
  if (has(kBinaryExtensions, lowered)) {
    return true;
  }
  // "libz.so.1.2"
  const std::size_t so = name.find(".so.");
  return so != string_view::npos &&
         name.find_first_not_of("0123456789.", so + 4) == string_view::npos;
}

bool is_generated_name(string_view name) {
  const std::string lowered = lower_name(name);
  return has(kGeneratedNames, lowered) || ends_with_one_of(lowered, kGeneratedEndings) ||
         lowered.starts_with("zz_generated.");
}

bool is_vendored_folder(string_view name) { return has(kVendoredFolders, name); }
bool may_be_vendored_name(string_view name) { return name == "vendor"; }
bool is_manifest_name(string_view name) { return has(kManifests, name); }
bool is_asset_folder(string_view name) { return has(kAssetFolders, name); }

}  // namespace sonde::tree
