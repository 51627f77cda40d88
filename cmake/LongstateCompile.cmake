# What every target of the project is compiled with; nothing of it reaches a user of the library.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, …" FORCE)
endif()

add_library(longstate_compile INTERFACE)
target_compile_features(longstate_compile INTERFACE cxx_std_20)
target_compile_options(longstate_compile INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
# Many files are read as one where CMAKE_UNITY_BUILD is on (the presets): what Eigen instantiates is compiled once for all of them. Then
# g++ calls each of them a header, from which a type of an unnamed namespace would leak; and it would look through its memory for what it
# no longer needs: an eighth of its time, to take 2.6 GiB a compiler in place of 3.5.
set(longstate_unity $<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>)
target_compile_options(longstate_compile INTERFACE $<${longstate_unity}:-Wno-subobject-linkage> $<${longstate_unity}:--param=ggc-min-heapsize=8388608>)
# A value of an enumeration, or a field of a table's row, that is forgotten must not wait for a run to be found.
target_compile_options(longstate_compile INTERFACE -Werror=switch -Werror=switch-enum $<$<CXX_COMPILER_ID:GNU>:-Werror=missing-field-initializers>)
if(LONGSTATE_SANITIZE)
  # Without the checks of every access that AddressSanitizer and Eigen's assertions make, too: they double the build's time.
  target_compile_options(longstate_compile INTERFACE
    -fsanitize=${LONGSTATE_SANITIZE} -fno-sanitize=null,alignment,object-size,vptr -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(longstate_compile INTERFACE -fsanitize=${LONGSTATE_SANITIZE})
endif()
