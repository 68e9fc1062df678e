// Names of the interface's error codes, and what they mean in a few words.
#include <algorithm>
#include <iterator>

#include "simt/runtime/core.hpp"

namespace simt::runtime {
namespace {

struct Row {
  Code code;
  const char *name, *text;
};

constexpr Row kErrors[] = {
    {0, "cudaSuccess", "no error"},
    {1, "cudaErrorInvalidValue", "invalid argument"},
    {2, "cudaErrorMemoryAllocation", "out of memory"},
    {3, "cudaErrorInitializationError", "initialization error"},
    {4, "cudaErrorCudartUnloading", "the runtime is being unloaded"},
    {5, "cudaErrorProfilerDisabled", "profiling is disabled"},
    {6, "cudaErrorProfilerNotInitialized", "the profiler is not initialized"},
    {7, "cudaErrorProfilerAlreadyStarted", "the profiler was already started"},
    {8, "cudaErrorProfilerAlreadyStopped", "the profiler was already stopped"},
    {9, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {12, "cudaErrorInvalidPitchValue", "invalid pitch argument"},
    {13, "cudaErrorInvalidSymbol", "invalid device symbol"},
    {16, "cudaErrorInvalidHostPointer", "invalid host pointer"},
    {17, "cudaErrorInvalidDevicePointer", "invalid device pointer"},
    {18, "cudaErrorInvalidTexture", "invalid texture reference"},
    {19, "cudaErrorInvalidTextureBinding", "the texture is not bound to a pointer"},
    {20, "cudaErrorInvalidChannelDescriptor", "invalid channel descriptor"},
    {21, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {22, "cudaErrorAddressOfConstant", "the address of a constant variable was taken"},
    {23, "cudaErrorTextureFetchFailed", "a texture fetch failed"},
    {24, "cudaErrorTextureNotBound", "a texture that is not bound was read"},
    {25, "cudaErrorSynchronizationError", "a synchronization failed"},
    {26, "cudaErrorInvalidFilterSetting", "linear filtering is not possible for this texture"},
    {27, "cudaErrorInvalidNormSetting", "normalized reading is not possible for this texture"},
    {28, "cudaErrorMixedDeviceExecution", "device code and emulated code were mixed"},
    {31, "cudaErrorNotYetImplemented", "not implemented yet"},
    {32, "cudaErrorMemoryValueTooLarge", "the memory address is too large"},
    {34, "cudaErrorStubLibrary", "the stub library was loaded instead of the driver"},
    {35, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version"},
    {36, "cudaErrorCallRequiresNewerDriver", "this call needs a newer driver"},
    {37, "cudaErrorInvalidSurface", "invalid surface reference"},
    {43, "cudaErrorDuplicateVariableName", "several global or constant variables have one name"},
    {44, "cudaErrorDuplicateTextureName", "several textures have one name"},
    {45, "cudaErrorDuplicateSurfaceName", "several surfaces have one name"},
    {46, "cudaErrorDevicesUnavailable", "all devices are busy or unavailable"},
    {49, "cudaErrorIncompatibleDriverContext", "the driver's context does not fit this runtime"},
    {52, "cudaErrorMissingConfiguration", "a kernel was called without a launch configuration"},
    {53, "cudaErrorPriorLaunchFailure", "an earlier launch failed"},
    {65, "cudaErrorLaunchMaxDepthExceeded", "device-side launches are nested too deeply"},
    {66, "cudaErrorLaunchFileScopedTex", "a kernel launched on the device uses file-scoped textures"},
    {67, "cudaErrorLaunchFileScopedSurf", "a kernel launched on the device uses file-scoped surfaces"},
    {68, "cudaErrorSyncDepthExceeded", "device-side synchronization is nested too deeply"},
    {69, "cudaErrorLaunchPendingCountExceeded", "too many device-side launches are pending"},
    {98, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {100, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {101, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {102, "cudaErrorDeviceNotLicensed", "the device has no valid license"},
    {103, "cudaErrorSoftwareValidityNotEstablished", "the software's validity is not established"},
    {127, "cudaErrorStartupFailure", "the runtime failed to start"},
    {200, "cudaErrorInvalidKernelImage", "device kernel image is invalid"},
    {201, "cudaErrorDeviceUninitialized", "invalid device context"},
    {205, "cudaErrorMapBufferObjectFailed", "mapping of the buffer object failed"},
    {206, "cudaErrorUnmapBufferObjectFailed", "unmapping of the buffer object failed"},
    {207, "cudaErrorArrayIsMapped", "the array is mapped"},
    {208, "cudaErrorAlreadyMapped", "the resource is already mapped"},
    {209, "cudaErrorNoKernelImageForDevice", "no kernel image is available for execution on the device"},
    {210, "cudaErrorAlreadyAcquired", "the resource is already acquired"},
    {211, "cudaErrorNotMapped", "the resource is not mapped"},
    {212, "cudaErrorNotMappedAsArray", "the resource is not mapped as an array"},
    {213, "cudaErrorNotMappedAsPointer", "the resource is not mapped as a pointer"},
    {214, "cudaErrorECCUncorrectable", "uncorrectable ECC error"},
    {215, "cudaErrorUnsupportedLimit", "the limit is not supported on this device"},
    {216, "cudaErrorDeviceAlreadyInUse", "the device is exclusively used by another thread"},
    {217, "cudaErrorPeerAccessUnsupported", "peer access is not supported between these devices"},
    {218, "cudaErrorInvalidPtx", "a PTX compilation failed"},
    {219, "cudaErrorInvalidGraphicsContext", "invalid OpenGL or DirectX context"},
    {220, "cudaErrorNvlinkUncorrectable", "uncorrectable NVLink error"},
    {221, "cudaErrorJitCompilerNotFound", "the PTX compiler was not found"},
    {222, "cudaErrorUnsupportedPtxVersion", "the PTX was made by a toolchain that is too new"},
    {223, "cudaErrorJitCompilationDisabled", "PTX compilation is disabled"},
    {224, "cudaErrorUnsupportedExecAffinity", "the execution affinity is not supported"},
    {225, "cudaErrorUnsupportedDevSideSync", "the code synchronizes on the device in a way that is not supported"},
    {226, "cudaErrorContained", "an error was contained to this process"},
    {300, "cudaErrorInvalidSource", "invalid source of a device kernel"},
    {301, "cudaErrorFileNotFound", "file not found"},
    {302, "cudaErrorSharedObjectSymbolNotFound", "a symbol of a shared object was not found"},
    {303, "cudaErrorSharedObjectInitFailed", "a shared object failed to initialize"},
    {304, "cudaErrorOperatingSystem", "a call of the operating system failed"},
    {400, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {401, "cudaErrorIllegalState", "the resource is in a state that does not allow this"},
    {402, "cudaErrorLossyQuery", "the answer would not hold all information"},
    {500, "cudaErrorSymbolNotFound", "named symbol not found"},
    {600, "cudaErrorNotReady", "device not ready"},
    {700, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {701, "cudaErrorLaunchOutOfResources", "too many resources requested for launch"},
    {702, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {703, "cudaErrorLaunchIncompatibleTexturing", "the launch uses incompatible texturing"},
    {704, "cudaErrorPeerAccessAlreadyEnabled", "peer access is already enabled"},
    {705, "cudaErrorPeerAccessNotEnabled", "peer access has not been enabled"},
    {708, "cudaErrorSetOnActiveProcess", "cannot be set while the process uses the device"},
    {709, "cudaErrorContextIsDestroyed", "the context is destroyed"},
    {710, "cudaErrorAssert", "device-side assert triggered"},
    {711, "cudaErrorTooManyPeers", "peer resources are exhausted"},
    {712, "cudaErrorHostMemoryAlreadyRegistered", "part or all of the host memory is already registered"},
    {713, "cudaErrorHostMemoryNotRegistered", "the host memory is not registered"},
    {714, "cudaErrorHardwareStackError", "hardware stack error"},
    {715, "cudaErrorIllegalInstruction", "an illegal instruction was encountered"},
    {716, "cudaErrorMisalignedAddress", "misaligned address"},
    {717, "cudaErrorInvalidAddressSpace", "an instruction used an address of the wrong state space"},
    {718, "cudaErrorInvalidPc", "invalid program counter"},
    {719, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {720, "cudaErrorCooperativeLaunchTooLarge", "too many blocks in cooperative launch"},
    {721, "cudaErrorTensorMemoryLeak", "a block ended without freeing its tensor memory"},
    {800, "cudaErrorNotPermitted", "operation not permitted"},
    {801, "cudaErrorNotSupported", "operation not supported"},
    {802, "cudaErrorSystemNotReady", "the system is not ready"},
    {803, "cudaErrorSystemDriverMismatch", "driver and system software do not fit"},
    {804, "cudaErrorCompatNotSupportedOnDevice", "forward compatibility is not supported on this device"},
    {805, "cudaErrorMpsConnectionFailed", "the connection to the MPS server failed"},
    {806, "cudaErrorMpsRpcFailure", "a call to the MPS server failed"},
    {807, "cudaErrorMpsServerNotReady", "the MPS server is not ready"},
    {808, "cudaErrorMpsMaxClientsReached", "the MPS server has too many clients"},
    {809, "cudaErrorMpsMaxConnectionsReached", "the MPS server has too many connections"},
    {810, "cudaErrorMpsClientTerminated", "the MPS client was terminated"},
    {811, "cudaErrorCdpNotSupported", "launches on the device are not supported"},
    {812, "cudaErrorCdpVersionMismatch", "versions of device-side launching were mixed"},
    {900, "cudaErrorStreamCaptureUnsupported", "the operation is not permitted while a stream is captured"},
    {901, "cudaErrorStreamCaptureInvalidated", "an earlier error ended the capture"},
    {902, "cudaErrorStreamCaptureMerge", "the operation would merge two captures"},
    {903, "cudaErrorStreamCaptureUnmatched", "the capture was not begun in this stream"},
    {904, "cudaErrorStreamCaptureUnjoined", "the capture has work that was not joined"},
    {905, "cudaErrorStreamCaptureIsolation", "a dependency would leave the capture"},
    {906, "cudaErrorStreamCaptureImplicit", "the capture would depend on the default stream"},
    {907, "cudaErrorCapturedEvent", "the event was last recorded in a capture"},
    {908, "cudaErrorStreamCaptureWrongThread", "the capture was begun by another thread"},
    {909, "cudaErrorTimeout", "a wait timed out"},
    {910, "cudaErrorGraphExecUpdateFailure", "the graph cannot be updated in this way"},
    {911, "cudaErrorExternalDevice", "an external device failed"},
    {912, "cudaErrorInvalidClusterSize", "invalid cluster size"},
    {913, "cudaErrorFunctionNotLoaded", "the function is not loaded"},
    {914, "cudaErrorInvalidResourceType", "invalid resource type"},
    {915, "cudaErrorInvalidResourceConfiguration", "invalid resource configuration"},
    {999, "cudaErrorUnknown", "unknown error"},
    {10000, "cudaErrorApiFailureBase", "api failure base"},
};

const Row* find(Code code) {
  const Row* row = std::lower_bound(std::begin(kErrors), std::end(kErrors), code, [](const Row& r, Code c) { return r.code < c; });
  return row != std::end(kErrors) && row->code == code ? row : nullptr;
}

}  // namespace

const char* error_name(Code code) {
  const Row* row = find(code);
  return row ? row->name : nullptr;
}

const char* error_text(Code code) {
  const Row* row = find(code);
  return row ? row->text : "unrecognized error code";
}

}  // namespace simt::runtime
