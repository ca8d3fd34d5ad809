#include "index/segment_format.h"

#include <algorithm>

#include "base/codec.h"
#include "base/hash.h"

namespace sonde::index::format {
namespace {

Error corrupt(const io::ByteSource& source, const char* what) {
  return {Code::Corruption, source.name() + ": segment " + what};
}

Status check_version(const io::ByteSource& source, std::uint32_t version) {
  if (version != kVersion) {
    return Error{Code::Unsupported, source.name() + ": segment of version " +
                                        std::to_string(version) + "; this build knows version " +
                                        std::to_string(kVersion)};
  }
  return {};
}

struct Trailer {
  std::uint32_t footer_length = 0;
  std::uint64_t checksum = 0;
};

Result<Trailer> read_trailer(io::ByteSource& source) {
  const std::uint64_t size = source.size();
  if (size < kHeadBytes + kFooterFixedBytes + kTrailerBytes) {
    return corrupt(source, "is too short");
  }
  std::string bytes(kTrailerBytes, '\0');
  TRY(source.read(size - kTrailerBytes, bytes.size(), bytes.data()));
  ByteReader reader(bytes);
  Trailer trailer;
  TRY_ASSIGN(trailer.footer_length, reader.u32());
  TRY_ASSIGN(const std::uint32_t version, reader.u32());
  TRY_ASSIGN(trailer.checksum, reader.u64());
  TRY_ASSIGN(const std::string_view magic, reader.raw(kMagic.size()));
  if (magic != kMagic) {
    return corrupt(source, "does not end with its mark");
  }
  TRY(check_version(source, version));
  const std::size_t longest = kFooterFixedBytes + kSectionLimit * kSectionEntryBytes;
  if (trailer.footer_length < kFooterFixedBytes || trailer.footer_length > longest ||
      trailer.footer_length > size - kTrailerBytes - kHeadBytes) {
    return corrupt(source, "has an impossible footer length");
  }
  return trailer;
}

Status read_head(io::ByteSource& source) {
  std::string bytes(kHeadBytes, '\0');
  TRY(source.read(0, bytes.size(), bytes.data()));
  ByteReader reader(bytes);
  TRY_ASSIGN(const std::string_view magic, reader.raw(kMagic.size()));
  TRY_ASSIGN(const std::uint32_t version, reader.u32());
  if (magic != kMagic) {
    return corrupt(source, "does not begin with its mark");
  }
  return check_version(source, version);
}

Status read_sections(const io::ByteSource& source, ByteReader& reader, std::uint64_t footer_start,
                     Layout& layout) {
  TRY_ASSIGN(const std::uint32_t count, reader.u32());
  if (count > kSectionLimit || reader.remaining() != count * kSectionEntryBytes) {
    return corrupt(source, "has a table of sections that does not fit its footer");
  }
  std::array<bool, kKnownSections> seen{};
  std::uint64_t end = kHeadBytes;
  for (std::uint32_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::uint32_t kind, reader.u32());
    TRY_ASSIGN(const std::uint32_t flags, reader.u32());
    TRY_ASSIGN(const std::uint64_t offset, reader.u64());
    TRY_ASSIGN(const std::uint64_t length, reader.u64());
    if (offset < end || offset > footer_start || length > footer_start - offset) {
      return corrupt(source, "has sections outside it or over each other");
    }
    end = offset + length;
    if (kind >= 1 && kind <= kKnownSections) {
      if (std::exchange(seen[kind - 1], true)) {
        return corrupt(source, "has a section twice");
      }
      layout.sections[kind - 1] = {offset, length};
    } else if ((flags & kSectionRequired) != 0) {
      return Error{Code::Unsupported, source.name() + ": segment needs its section of kind " +
                                          std::to_string(kind) +
                                          ", which this build does not know"};
    }
  }
  if (!std::all_of(seen.begin(), seen.end(), [](bool there) { return there; })) {
    return corrupt(source, "lacks a section");
  }
  return {};
}

/// Counts against the lengths of the tables: from here on a count promises bytes that are there.
Status check_counts(const io::ByteSource& source, const Layout& layout) {
  const std::uint64_t files = layout.files;
  const std::uint64_t docs = layout.docs;
  const std::uint64_t lengths = layout.at(SectionKind::Lengths).length;
  const bool fits = files <= kIdLimit && docs <= kIdLimit &&
                    layout.at(SectionKind::Files).length == files * kFileRowBytes &&
                    layout.at(SectionKind::FirstDocs).length == (files + 1) * 4 &&
                    layout.at(SectionKind::Docs).length == docs * kDocRowBytes &&
                    layout.at(SectionKind::Kinds).length == docs &&
                    layout.at(SectionKind::Embedded).length == docs * kHashBytes &&
                    (lengths == 1 + docs || lengths == 1 + docs * 2 || lengths == 1 + docs * 4);
  if (!fits) {
    return corrupt(source, "has counts that its tables do not bear out");
  }
  return {};
}

}  // namespace

std::string head() {
  ByteWriter writer;
  writer.raw(kMagic);
  writer.u32(kVersion);
  writer.u32(0);
  return writer.take();
}

std::string tail(const Layout& layout, std::uint64_t position) {
  ByteWriter footer;
  footer.u32(layout.files);
  footer.u32(layout.docs);
  footer.u64(layout.body_length);
  footer.u32(layout.analyzer_version);
  footer.u32(kKnownSections);
  for (std::size_t i = 0; i < kKnownSections; ++i) {
    footer.u32(static_cast<std::uint32_t>(i + 1));
    footer.u32(kSectionRequired);
    footer.u64(layout.sections[i].offset);
    footer.u64(layout.sections[i].length);
  }
  ByteWriter trailer;
  trailer.u32(static_cast<std::uint32_t>(footer.size()));
  trailer.u32(kVersion);
  trailer.u64(checksum64(footer.bytes()));
  trailer.raw(kMagic);
  const std::uint64_t end = position + footer.size() + trailer.size();
  const std::uint64_t over = end % io::kBlockPayloadBytes;
  const std::size_t zeroes =
      over == 0 ? 0 : static_cast<std::size_t>(io::kBlockPayloadBytes - over);
  return std::string(zeroes, '\0') + footer.bytes() + trailer.bytes();
}

Result<Layout> read_layout(io::ByteSource& source) {
  TRY_ASSIGN(const Trailer trailer, read_trailer(source));
  TRY(read_head(source));
  const std::uint64_t start = source.size() - kTrailerBytes - trailer.footer_length;
  std::string footer(trailer.footer_length, '\0');
  TRY(source.read(start, footer.size(), footer.data()));
  if (checksum64(footer) != trailer.checksum) {
    return corrupt(source, "has a footer that does not check");
  }
  ByteReader reader(footer);
  Layout layout;
  TRY_ASSIGN(layout.files, reader.u32());
  TRY_ASSIGN(layout.docs, reader.u32());
  TRY_ASSIGN(layout.body_length, reader.u64());
  TRY_ASSIGN(layout.analyzer_version, reader.u32());
  TRY(read_sections(source, reader, start, layout));
  TRY(check_counts(source, layout));
  return layout;
}

}  // namespace sonde::index::format
