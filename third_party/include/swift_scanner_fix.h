/* Included before tree-sitter-swift's scanner: 0.7.1 keeps its state in calloc(0, size), which is
   memory of no size. One element more is what it meant. */
#pragma once
#include <stdlib.h>
#define calloc(count, size) calloc((count) + 1, size)
