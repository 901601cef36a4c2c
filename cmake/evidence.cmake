# What was shown of each family, as a table in C: from the golden models, the releases whose tensors
# are listed, and the models that ship. The tests that stand on these files show it.
#   cmake -DROOT=<source tree> -DOUT=<file> -P cmake/evidence.cmake
cmake_minimum_required(VERSION 3.18)

set(rows "")
function(add file kind by)
  file(READ ${file} text)
  if(NOT text MATCHES "\"model_type\": *\"([A-Za-z0-9_]+)\"")
    message(FATAL_ERROR "${file}: there is no model_type")
  endif()
  string(APPEND rows "    { \"${CMAKE_MATCH_1}\", HEFT_${kind}, \"${by}\" },\n")
  set(rows "${rows}" PARENT_SCOPE)
endfunction()

file(GLOB goldens RELATIVE ${ROOT}/tests/golden ${ROOT}/tests/golden/*)
foreach(name IN LISTS goldens)
  add(${ROOT}/tests/golden/${name}/config.json EXACT ${name})
  file(READ ${ROOT}/tests/golden/${name}/golden.json golden)
  if(NOT golden MATCHES "\"none\": ")
    add(${ROOT}/tests/golden/${name}/config.json EXACT_GGUF ${name})
  endif()
endforeach()
file(GLOB releases ${ROOT}/tests/real/*.json)
foreach(release IN LISTS releases)
  get_filename_component(name ${release} NAME)
  string(REGEX REPLACE "\\.json$" "" name ${name})
  file(READ ${release} described)
  if(NOT described MATCHES "\"from_memory\": true") # a configuration that nobody looked up
    add(${release} SHAPES ${name})
  endif()
endforeach()
file(GLOB shipped RELATIVE ${ROOT}/models ${ROOT}/models/*)
foreach(name IN LISTS shipped)
  add(${ROOT}/models/${name}/config.json RAN ${name})
endforeach()

file(WRITE ${OUT} "/* Made by cmake/evidence.cmake. */
#include \"model/evidence.h\"

const heft_evidence heft_evidence_table[] = {
${rows}    { NULL, 0, NULL },
};
")
