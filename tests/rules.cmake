# House rules that no compiler checks.
#   cmake -DROOT=<source tree> -P tests/rules.cmake
cmake_minimum_required(VERSION 3.18)

set(max_lines 800)
set(max_family 120)
set(word "(^|[^A-Za-z0-9_.>])")

# rule(<name> <pattern> <where it holds> <where it does not, or "-">): regular expressions on the
# line and on the path. The pattern ends where the name does.
set(rules unbounded allocation environment ending intrinsics unfinished)
function(rule name pattern where except)
  set(${name}_pattern "${pattern}" PARENT_SCOPE)
  set(${name}_where "${where}" PARENT_SCOPE)
  set(${name}_except "${except}" PARENT_SCOPE)
endfunction()

rule(unbounded "${word}(sprintf|vsprintf|strcpy|strcat|strncpy|strncat|strtok|gets|atoi|atol|atof|alloca|system) ?\\("
     "." "-")
rule(allocation "${word}(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|strndup|getline|asprintf) ?\\("
     "^src/" "^src/base/mem\\.c$")
rule(environment "${word}(getenv|setenv|putenv) ?\\(" "^src/" "^src/cli/main\\.c$")
rule(ending "${word}(exit|_exit|abort|quick_exit) ?\\(" "^src/" "^src/cli/")
rule(intrinsics "(<[a-z0-9]*intrin\\.h>|<arm_(neon|sve)\\.h>|[^A-Za-z0-9]_mm[0-9]*_|__m(128|256|512))"
     "." "^(src|tests|bench)/kernels/")
rule(unfinished "(^|[^A-Za-z.])(TODO|FIXME|XXX)([^A-Za-z]|$)" "." "-")

set(wrong 0)
function(complain text)
  message("${text}")
  math(EXPR wrong "${wrong} + 1")
  set(wrong ${wrong} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE ${ROOT}
     ${ROOT}/src/*.[ch] ${ROOT}/src/*.inc ${ROOT}/include/*.h ${ROOT}/tests/*.[ch] ${ROOT}/fuzz/*.[ch]
     ${ROOT}/bench/*.[ch] ${ROOT}/examples/*.[ch])
foreach(file IN LISTS files)
  file(READ ${ROOT}/${file} text)
  if(NOT text MATCHES "^/\\* [^\n]")
    complain("${file}: the first line must be a comment that says what the file is")
  endif()

  string(REGEX REPLACE "[^\n]" "" newlines "${text}")
  string(LENGTH "${newlines}" lines)
  set(limit ${max_lines})
  if(file MATCHES "/families/")
    set(limit ${max_family})
  endif()
  if(lines GREATER limit AND NOT text MATCHES "^/\\*[^\n]*[Gg]enerated by")
    complain("${file}: ${lines} lines, the limit is ${limit}")
  endif()

  foreach(rule IN LISTS rules)
    if(file MATCHES "${${rule}_where}" AND NOT file MATCHES "${${rule}_except}")
      file(STRINGS ${ROOT}/${file} hits REGEX "${${rule}_pattern}")
      foreach(hit IN LISTS hits)
        string(STRIP "${hit}" hit)
        if(rule STREQUAL "unfinished" OR NOT hit MATCHES "^(/\\*|\\*|//)") # else prose
          complain("${file}: ${rule}: ${hit}")
        endif()
      endforeach()
    endif()
  endforeach()

  # A file name is enough to find a file, and a file that no list names is never built.
  get_filename_component(name ${file} NAME)
  if(file MATCHES "^src/" AND DEFINED "at_${name}")
    complain("${file}: the name is taken by ${at_${name}}")
  endif()
  set("at_${name}" ${file})
  if(file MATCHES "^(src|tests|fuzz|bench)/.*\\.c$")
    string(REGEX MATCH "^(src/[^/]+|tests|fuzz|bench)" home ${file})
    file(GLOB_RECURSE lists ${ROOT}/${home}/CMakeLists.txt)
    set(list "")
    foreach(part IN LISTS lists)
      file(READ ${part} part)
      string(APPEND list "${part}")
    endforeach()
    string(REGEX REPLACE "^(test|fuzz|bench)_(.*)\\.c$" "\\2" stem ${name})
    if(NOT list MATCHES "[^A-Za-z0-9_](${name}|${stem})[^A-Za-z0-9_]")
      complain("${file}: no CMakeLists.txt names it")
    endif()
  endif()
endforeach()

list(LENGTH files n)
if(wrong)
  message(FATAL_ERROR "rules: ${wrong} wrong in ${n} files")
endif()
message("rules: ${n} files as the house wants them")
