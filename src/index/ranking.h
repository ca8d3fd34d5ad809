#pragma once
// Every constant of the ranking, in one place.

#include <cstdint>

namespace sonde::index {

struct Ranking {
  // BM25 over chunks.
  double k1 = 1.2;
  double b = 0.75;
  double defines = 3;    // how often a word of a defined name counts more
  double path_text = 1;  // how often a word of the path counts as text of each chunk
  double joined = 0.3;   // neighbouring words of the query as one word
  double part = 1;       // the parts of an identifier beside the whole
  double whole = 1;
  double short_part = 0.5;
  double path_akin = 0.8;
  double path_whole = 1;
  // A chunk defines a name that the query names: this times the idf of the words it takes up.
  double name = 1;
  double name_explicit = 2;  // written as code
  double name_case = 0.2;    // more when the case is the same
  // A file: its best chunk and this times the next three, falling.
  double more_chunks = 0.7;
  double more_decay = 0.6;
  // Per file, in idf of the words concerned.
  double path_match = 2;
  double stem_match = 1;  // share of the file name's words that the query covers
  double depth = 0.1;
  double akin = 0.8;
  double header = 0.8;
  double not_code = 0.8;
  double chunks_of_file = 4;
  double coverage = 0.5;  // words of the query that the file has
  double half_score = 2;  // a score of this times the ideal is 0.5 of 1
  // Factors.
  double test = 0.5;
  double example = 0.7;
  double compat = 0.7;
  double generated = 0.6;
  double stub = 0.8;
  double vendored = 0.6;
};

}  // namespace sonde::index
