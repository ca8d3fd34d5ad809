// The objects of answers about code.

#include "faces/json/objects.h"
#include "faces/json/values.h"

namespace sonde::faces::json {

namespace {

Object code_places(const std::vector<library::CodePlace>& places) {
  Object list = Object::array();
  for (const library::CodePlace& place : places) {
    list.push_back(code_place(place));
  }
  return list;
}

}  // namespace

Document symbol_object(const library::SymbolAnswer& answer, const char* schema) {
  Object object = code_head(schema, answer);
  object["symbol"] = text(answer.symbol);
  object["places"] = code_places(answer.places);
  put_code_state(object, answer);
  return Document(std::move(object));
}

Document calls_object(const library::CallsAnswer& answer, const char* schema) {
  Object object = code_head(schema, answer);
  object["symbol"] = text(answer.symbol);
  object["definitions"] = code_places(answer.definitions);
  object["edges"] = Object::array();
  for (const library::CallEdge& edge : answer.edges) {
    Object one;
    one["depth"] = edge.depth;
    one["caller"] = code_place(edge.caller);
    one["callee"] = text(edge.callee);
    one["lines"] = edge.lines;
    one["definitions"] = code_places(edge.definitions);
    one["definitions_total"] = edge.definitions_total;
    object["edges"].push_back(std::move(one));
  }
  put_code_state(object, answer);
  return Document(std::move(object));
}

Document outline_object(const library::OutlineAnswer& answer) {
  Object object = code_head("sonde.outline/1", answer);
  object["files"] = Object::array();
  for (const library::OutlineFile& file : answer.files) {
    Object one;
    one["source"] = text(file.source);
    put_path(one, "path", file.path);
    one["language"] = text(file.language);
    one["lines"] = file.lines;
    one["file_hash"] = text(file.file_hash);
    one["stale"] = file.stale;
    one["known"] = file.known;
    one["symbols"] = Object::array();
    for (const library::OutlineSymbol& symbol : file.symbols) {
      Object each;
      each["name"] = text(symbol.name);
      each["scope"] = text_or_null(symbol.scope);
      each["kind"] = text(symbol.kind);
      each["line"] = symbol.line;
      each["end_line"] = symbol.end_line;
      each["depth"] = symbol.depth;
      each["declaration"] = symbol.declaration;
      each["encloses_only"] = symbol.opens_only;
      one["symbols"].push_back(std::move(each));
    }
    object["files"].push_back(std::move(one));
  }
  put_code_state(object, answer);
  return Document(std::move(object));
}

}  // namespace sonde::faces::json
