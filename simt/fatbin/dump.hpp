// What is in a fatbinary, as JSON: {"containers": [[entry ...] ...], "ptx": [text ...], "skipped": [why ...]} or {"error": ...}.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

/// Of an ELF file or a bare .fatbin in memory; `capability` (90 for 9.0) chooses the PTX. Free with simt_fatbin_free.
char* simt_fatbin_dump(const char* bytes, std::size_t size, std::uint32_t capability);
/// Of a file on disk.
char* simt_fatbin_dump_file(const char* path, std::uint32_t capability);
/// Of what `__cudaRegisterFatBinary` is given.
char* simt_fatbin_dump_wrapper(const void* wrapper, std::uint32_t capability);
void simt_fatbin_free(char* json);

}
