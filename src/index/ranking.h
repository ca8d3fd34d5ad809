#pragma once
// Every constant of the ranking, in one place. "Worth" is what mean nDCG@10 loses when the part is
// switched off (bench/ranking, --ablate, 401 queries over 20 repositories in 19 languages; the two
// halves of the repositories agree in sign unless it says otherwise). Values are round on purpose:
// greedy tuning from a plain start on one half gives .886 and .863 there and .834 and .868 on the
// other half, .851 held out; these values give .868.

namespace sonde::index {

struct Ranking {
  // BM25 over chunks. k1 from 0.9 to 1.6 and b from 0.5 to 0.9 make
  // at most .005.
  double k1 = 1.2;
  double b = 0.75;
  // A word of a defined name counts this many times more. Worth .002; 2 and 5 lose .002.
  double defines = 3;
  // A word of the path counts this many times as text of each chunk of the file. Worth .004
  // (.011 with a small path_match).
  double path_text = 1;
  // Neighbouring words of the query as one word ("file system", filesystem). Worth nothing on these
  // queries; kept for names written in one.
  double joined = 0.3;
  // The parts of an identifier in the query, worth .011, and the whole, worth .011.
  double part = 1;
  double whole = 1;
  // A chunk defines a name that the query's words spell: this times their idf. Worth .004; with the
  // next .019.
  double name = 1;
  // The same, written as code in the query ("getUser", "res.send"). Worth .013, all of it in one
  // half, and nothing lost in the other.
  double name_explicit = 2;

  // A file: its best chunk, this times the next, and each further one `more_decay` of the one
  // before, four chunks in all. Worth .025. More chunks help one half and hurt the other.
  double more_chunks = 0.7;
  double more_decay = 0.6;
  // Words of the query that the path has, in idf. Worth .010; 1 loses .004, 3 .002.
  double path_match = 2;
  // ... when the path has a word of the same stock (route, router), this part of it. Worth .002.
  double path_akin = 0.8;
  // ... an identifier of the query that the path has whole, beside its parts. Worth .003.
  double path_whole = 1;
  // The share of the file name's words that the query has, times the idf of the whole query.
  // Worth .024.
  double stem_match = 1;
  // Words of the same stock count this much there. Worth .006.
  double akin = 0.8;
  // The query names the file ("net/tcp.c", a frame of a stack trace): this times the idf of the
  // whole query, and for each further frame `mention_decay` of the one before.
  double mention = 2;
  double mention_decay = 0.8;
  // Words of the query that the file has, in idf. Worth .005; 1 loses .006.
  double coverage = 0.5;
  // A file this many folders deep: 1 / (1 + depth x folders). Worth .010; .07 and .15 lose .002.
  double depth = 0.1;

  // Factors for kinds of files, unless the query asks for the kind. Worth .011, all of it for
  // tests (0.3 loses .002 there): these trees hold few of the other kinds.
  double test = 0.5;
  double example = 0.7;
  double compat = 0.7;
  double generated = 0.6;
  double vendored = 0.6;
  // A declaration beside its implementation (http.h and http.c). Worth .004.
  double header = 0.8;
  double stub = 0.8;
  // Code for another platform than Unix with Linux (win/, darwin-proctitle.c), unless asked for.
  // Worth .0045, all of it in one repository with twins; 0.9 is half of that, nothing is lost.
  double foreign = 0.8;
  // Under a folder of an older version (v3/ beside v4/), unless asked for. Worth .001, in one
  // repository.
  double superseded = 0.8;
  // Prose and data among code. Worth .002; 0.6 gains .001 here, but questions are asked of
  // documents too.
  double not_code = 0.8;

  // Meaning beside words, both on the scale of 0 to 1: the mean cosine of the query with the file's
  // two best chunks, times the factors for its kind and depth. Worth .010 (.011 in one half, .009
  // in the other); 0.2 loses .002, 0.4 .003, and without the factors it is worth .005. The best
  // chunk alone beside it gains nothing, nor do other weights for short or long questions. In mode
  // meaning files are ranked by this alone.
  double meaning = 0.3;

  // A raw score of this times the idf of the whole query is 0.5 on the scale of 0 to 1.
  double half_score = 2;
};

}  // namespace sonde::index
