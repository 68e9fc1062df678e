// Compares simt/runtime/abi.hpp with the toolkit's header: sizes, offsets and error codes. Compiling it is the test.
#include "simt/runtime/abi.hpp"

#include <cuda_runtime_api.h>

#include <cstddef>

namespace abi = simt::abi;

#define SIZE(ours, theirs) static_assert(sizeof(abi::ours) == sizeof(theirs) && alignof(abi::ours) == alignof(theirs))
#define FIELD(ours, theirs, field) \
  static_assert(offsetof(abi::ours, field) == offsetof(theirs, field) && sizeof(abi::ours::field) == sizeof(theirs::field))

SIZE(Dim3, dim3);
FIELD(Dim3, dim3, x);
FIELD(Dim3, dim3, y);
FIELD(Dim3, dim3, z);

SIZE(Extent, cudaExtent);
FIELD(Extent, cudaExtent, width);
FIELD(Extent, cudaExtent, height);
FIELD(Extent, cudaExtent, depth);

SIZE(Pos, cudaPos);
FIELD(Pos, cudaPos, x);
FIELD(Pos, cudaPos, y);
FIELD(Pos, cudaPos, z);

SIZE(PitchedPtr, cudaPitchedPtr);
FIELD(PitchedPtr, cudaPitchedPtr, ptr);
FIELD(PitchedPtr, cudaPitchedPtr, pitch);
FIELD(PitchedPtr, cudaPitchedPtr, xsize);
FIELD(PitchedPtr, cudaPitchedPtr, ysize);

SIZE(ChannelFormatDesc, cudaChannelFormatDesc);
FIELD(ChannelFormatDesc, cudaChannelFormatDesc, x);
FIELD(ChannelFormatDesc, cudaChannelFormatDesc, y);
FIELD(ChannelFormatDesc, cudaChannelFormatDesc, z);
FIELD(ChannelFormatDesc, cudaChannelFormatDesc, w);
FIELD(ChannelFormatDesc, cudaChannelFormatDesc, f);

SIZE(ResourceDesc, cudaResourceDesc);
static_assert(offsetof(abi::ResourceDesc, array) == offsetof(cudaResourceDesc, res.array.array));
static_assert(offsetof(abi::ResourceDesc, linear.desc) == offsetof(cudaResourceDesc, res.linear.desc));
static_assert(offsetof(abi::ResourceDesc, linear.bytes) == offsetof(cudaResourceDesc, res.linear.sizeInBytes));
static_assert(offsetof(abi::ResourceDesc, pitched.width) == offsetof(cudaResourceDesc, res.pitch2D.width));
static_assert(offsetof(abi::ResourceDesc, pitched.pitch) == offsetof(cudaResourceDesc, res.pitch2D.pitchInBytes));
static_assert(offsetof(abi::ResourceDesc, flags) == offsetof(cudaResourceDesc, flags));

SIZE(TextureDesc, cudaTextureDesc);
FIELD(TextureDesc, cudaTextureDesc, addressMode);
FIELD(TextureDesc, cudaTextureDesc, readMode);
FIELD(TextureDesc, cudaTextureDesc, borderColor);
FIELD(TextureDesc, cudaTextureDesc, normalizedCoords);
FIELD(TextureDesc, cudaTextureDesc, seamlessCubemap);

SIZE(MemLocation, cudaMemLocation);
FIELD(MemLocation, cudaMemLocation, type);
FIELD(MemLocation, cudaMemLocation, id);

SIZE(MemAccessDesc, cudaMemAccessDesc);
FIELD(MemAccessDesc, cudaMemAccessDesc, location);
FIELD(MemAccessDesc, cudaMemAccessDesc, flags);

SIZE(MemPoolProps, cudaMemPoolProps);
FIELD(MemPoolProps, cudaMemPoolProps, allocType);
FIELD(MemPoolProps, cudaMemPoolProps, handleTypes);
FIELD(MemPoolProps, cudaMemPoolProps, location);
FIELD(MemPoolProps, cudaMemPoolProps, win32SecurityAttributes);
FIELD(MemPoolProps, cudaMemPoolProps, maxSize);
FIELD(MemPoolProps, cudaMemPoolProps, usage);
FIELD(MemPoolProps, cudaMemPoolProps, reserved);

SIZE(PointerAttributes, cudaPointerAttributes);
FIELD(PointerAttributes, cudaPointerAttributes, type);
FIELD(PointerAttributes, cudaPointerAttributes, device);
FIELD(PointerAttributes, cudaPointerAttributes, devicePointer);
FIELD(PointerAttributes, cudaPointerAttributes, hostPointer);
FIELD(PointerAttributes, cudaPointerAttributes, reserved);

SIZE(FuncAttributes, cudaFuncAttributes);
FIELD(FuncAttributes, cudaFuncAttributes, sharedSizeBytes);
FIELD(FuncAttributes, cudaFuncAttributes, constSizeBytes);
FIELD(FuncAttributes, cudaFuncAttributes, localSizeBytes);
FIELD(FuncAttributes, cudaFuncAttributes, maxThreadsPerBlock);
FIELD(FuncAttributes, cudaFuncAttributes, numRegs);
FIELD(FuncAttributes, cudaFuncAttributes, ptxVersion);
FIELD(FuncAttributes, cudaFuncAttributes, binaryVersion);
FIELD(FuncAttributes, cudaFuncAttributes, cacheModeCA);
FIELD(FuncAttributes, cudaFuncAttributes, maxDynamicSharedSizeBytes);
FIELD(FuncAttributes, cudaFuncAttributes, preferredShmemCarveout);
FIELD(FuncAttributes, cudaFuncAttributes, clusterDimMustBeSet);
FIELD(FuncAttributes, cudaFuncAttributes, requiredClusterWidth);
FIELD(FuncAttributes, cudaFuncAttributes, requiredClusterHeight);
FIELD(FuncAttributes, cudaFuncAttributes, requiredClusterDepth);
FIELD(FuncAttributes, cudaFuncAttributes, clusterSchedulingPolicyPreference);
FIELD(FuncAttributes, cudaFuncAttributes, nonPortableClusterSizeAllowed);
FIELD(FuncAttributes, cudaFuncAttributes, reserved);

SIZE(Memcpy3DParms, cudaMemcpy3DParms);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, srcArray);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, srcPos);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, srcPtr);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, dstArray);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, dstPos);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, dstPtr);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, extent);
FIELD(Memcpy3DParms, cudaMemcpy3DParms, kind);

SIZE(Memcpy3DPeerParms, cudaMemcpy3DPeerParms);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, srcArray);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, srcPos);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, srcPtr);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, srcDevice);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, dstArray);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, dstPos);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, dstPtr);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, dstDevice);
FIELD(Memcpy3DPeerParms, cudaMemcpy3DPeerParms, extent);

SIZE(LaunchAttributeValue, cudaLaunchAttributeValue);
FIELD(LaunchAttributeValue, cudaLaunchAttributeValue, cooperative);
FIELD(LaunchAttributeValue, cudaLaunchAttributeValue, clusterDim);
FIELD(LaunchAttributeValue, cudaLaunchAttributeValue, priority);
FIELD(LaunchAttributeValue, cudaLaunchAttributeValue, sharedMemCarveout);

SIZE(LaunchAttribute, cudaLaunchAttribute);
FIELD(LaunchAttribute, cudaLaunchAttribute, id);
FIELD(LaunchAttribute, cudaLaunchAttribute, val);

SIZE(LaunchConfig, cudaLaunchConfig_t);
FIELD(LaunchConfig, cudaLaunchConfig_t, gridDim);
FIELD(LaunchConfig, cudaLaunchConfig_t, blockDim);
FIELD(LaunchConfig, cudaLaunchConfig_t, dynamicSmemBytes);
FIELD(LaunchConfig, cudaLaunchConfig_t, stream);
FIELD(LaunchConfig, cudaLaunchConfig_t, attrs);
FIELD(LaunchConfig, cudaLaunchConfig_t, numAttrs);

SIZE(ResourceViewDesc, cudaResourceViewDesc);
FIELD(ResourceViewDesc, cudaResourceViewDesc, format);
FIELD(ResourceViewDesc, cudaResourceViewDesc, width);
FIELD(ResourceViewDesc, cudaResourceViewDesc, firstMipmapLevel);
FIELD(ResourceViewDesc, cudaResourceViewDesc, lastLayer);
SIZE(ArrayMemoryRequirements, cudaArrayMemoryRequirements);
FIELD(ArrayMemoryRequirements, cudaArrayMemoryRequirements, size);
FIELD(ArrayMemoryRequirements, cudaArrayMemoryRequirements, alignment);
FIELD(ArrayMemoryRequirements, cudaArrayMemoryRequirements, reserved);

SIZE(DeviceProp, cudaDeviceProp);
FIELD(DeviceProp, cudaDeviceProp, name);
FIELD(DeviceProp, cudaDeviceProp, uuid);
FIELD(DeviceProp, cudaDeviceProp, luid);
FIELD(DeviceProp, cudaDeviceProp, luidDeviceNodeMask);
FIELD(DeviceProp, cudaDeviceProp, totalGlobalMem);
FIELD(DeviceProp, cudaDeviceProp, sharedMemPerBlock);
FIELD(DeviceProp, cudaDeviceProp, regsPerBlock);
FIELD(DeviceProp, cudaDeviceProp, warpSize);
FIELD(DeviceProp, cudaDeviceProp, memPitch);
FIELD(DeviceProp, cudaDeviceProp, maxThreadsPerBlock);
FIELD(DeviceProp, cudaDeviceProp, maxThreadsDim);
FIELD(DeviceProp, cudaDeviceProp, maxGridSize);
FIELD(DeviceProp, cudaDeviceProp, totalConstMem);
FIELD(DeviceProp, cudaDeviceProp, major);
FIELD(DeviceProp, cudaDeviceProp, minor);
FIELD(DeviceProp, cudaDeviceProp, textureAlignment);
FIELD(DeviceProp, cudaDeviceProp, texturePitchAlignment);
FIELD(DeviceProp, cudaDeviceProp, multiProcessorCount);
FIELD(DeviceProp, cudaDeviceProp, integrated);
FIELD(DeviceProp, cudaDeviceProp, canMapHostMemory);
FIELD(DeviceProp, cudaDeviceProp, maxTexture1D);
FIELD(DeviceProp, cudaDeviceProp, maxTexture1DMipmap);
FIELD(DeviceProp, cudaDeviceProp, maxTexture2D);
FIELD(DeviceProp, cudaDeviceProp, maxTexture2DMipmap);
FIELD(DeviceProp, cudaDeviceProp, maxTexture2DLinear);
FIELD(DeviceProp, cudaDeviceProp, maxTexture2DGather);
FIELD(DeviceProp, cudaDeviceProp, maxTexture3D);
FIELD(DeviceProp, cudaDeviceProp, maxTexture3DAlt);
FIELD(DeviceProp, cudaDeviceProp, maxTextureCubemap);
FIELD(DeviceProp, cudaDeviceProp, maxTexture1DLayered);
FIELD(DeviceProp, cudaDeviceProp, maxTexture2DLayered);
FIELD(DeviceProp, cudaDeviceProp, maxTextureCubemapLayered);
FIELD(DeviceProp, cudaDeviceProp, maxSurface1D);
FIELD(DeviceProp, cudaDeviceProp, maxSurface2D);
FIELD(DeviceProp, cudaDeviceProp, maxSurface3D);
FIELD(DeviceProp, cudaDeviceProp, maxSurface1DLayered);
FIELD(DeviceProp, cudaDeviceProp, maxSurface2DLayered);
FIELD(DeviceProp, cudaDeviceProp, maxSurfaceCubemap);
FIELD(DeviceProp, cudaDeviceProp, maxSurfaceCubemapLayered);
FIELD(DeviceProp, cudaDeviceProp, surfaceAlignment);
FIELD(DeviceProp, cudaDeviceProp, concurrentKernels);
FIELD(DeviceProp, cudaDeviceProp, ECCEnabled);
FIELD(DeviceProp, cudaDeviceProp, pciBusID);
FIELD(DeviceProp, cudaDeviceProp, pciDeviceID);
FIELD(DeviceProp, cudaDeviceProp, pciDomainID);
FIELD(DeviceProp, cudaDeviceProp, tccDriver);
FIELD(DeviceProp, cudaDeviceProp, asyncEngineCount);
FIELD(DeviceProp, cudaDeviceProp, unifiedAddressing);
FIELD(DeviceProp, cudaDeviceProp, memoryBusWidth);
FIELD(DeviceProp, cudaDeviceProp, l2CacheSize);
FIELD(DeviceProp, cudaDeviceProp, persistingL2CacheMaxSize);
FIELD(DeviceProp, cudaDeviceProp, maxThreadsPerMultiProcessor);
FIELD(DeviceProp, cudaDeviceProp, streamPrioritiesSupported);
FIELD(DeviceProp, cudaDeviceProp, globalL1CacheSupported);
FIELD(DeviceProp, cudaDeviceProp, localL1CacheSupported);
FIELD(DeviceProp, cudaDeviceProp, sharedMemPerMultiprocessor);
FIELD(DeviceProp, cudaDeviceProp, regsPerMultiprocessor);
FIELD(DeviceProp, cudaDeviceProp, managedMemory);
FIELD(DeviceProp, cudaDeviceProp, isMultiGpuBoard);
FIELD(DeviceProp, cudaDeviceProp, multiGpuBoardGroupID);
FIELD(DeviceProp, cudaDeviceProp, hostNativeAtomicSupported);
FIELD(DeviceProp, cudaDeviceProp, pageableMemoryAccess);
FIELD(DeviceProp, cudaDeviceProp, concurrentManagedAccess);
FIELD(DeviceProp, cudaDeviceProp, computePreemptionSupported);
FIELD(DeviceProp, cudaDeviceProp, canUseHostPointerForRegisteredMem);
FIELD(DeviceProp, cudaDeviceProp, cooperativeLaunch);
FIELD(DeviceProp, cudaDeviceProp, sharedMemPerBlockOptin);
FIELD(DeviceProp, cudaDeviceProp, pageableMemoryAccessUsesHostPageTables);
FIELD(DeviceProp, cudaDeviceProp, directManagedMemAccessFromHost);
FIELD(DeviceProp, cudaDeviceProp, maxBlocksPerMultiProcessor);
FIELD(DeviceProp, cudaDeviceProp, accessPolicyMaxWindowSize);
FIELD(DeviceProp, cudaDeviceProp, reservedSharedMemPerBlock);
FIELD(DeviceProp, cudaDeviceProp, hostRegisterSupported);
FIELD(DeviceProp, cudaDeviceProp, sparseCudaArraySupported);
FIELD(DeviceProp, cudaDeviceProp, hostRegisterReadOnlySupported);
FIELD(DeviceProp, cudaDeviceProp, timelineSemaphoreInteropSupported);
FIELD(DeviceProp, cudaDeviceProp, memoryPoolsSupported);
FIELD(DeviceProp, cudaDeviceProp, gpuDirectRDMASupported);
FIELD(DeviceProp, cudaDeviceProp, gpuDirectRDMAFlushWritesOptions);
FIELD(DeviceProp, cudaDeviceProp, gpuDirectRDMAWritesOrdering);
FIELD(DeviceProp, cudaDeviceProp, memoryPoolSupportedHandleTypes);
FIELD(DeviceProp, cudaDeviceProp, deferredMappingCudaArraySupported);
FIELD(DeviceProp, cudaDeviceProp, ipcEventSupported);
FIELD(DeviceProp, cudaDeviceProp, clusterLaunch);
FIELD(DeviceProp, cudaDeviceProp, unifiedFunctionPointers);
FIELD(DeviceProp, cudaDeviceProp, deviceNumaConfig);
FIELD(DeviceProp, cudaDeviceProp, deviceNumaId);
FIELD(DeviceProp, cudaDeviceProp, mpsEnabled);
FIELD(DeviceProp, cudaDeviceProp, hostNumaId);
FIELD(DeviceProp, cudaDeviceProp, gpuPciDeviceID);
FIELD(DeviceProp, cudaDeviceProp, gpuPciSubsystemID);
FIELD(DeviceProp, cudaDeviceProp, hostNumaMultinodeIpcSupported);
FIELD(DeviceProp, cudaDeviceProp, reserved);

static_assert(int(abi::kSuccess) == int(cudaSuccess));
static_assert(int(abi::kInvalidValue) == int(cudaErrorInvalidValue));
static_assert(int(abi::kMemoryAllocation) == int(cudaErrorMemoryAllocation));
static_assert(int(abi::kInitializationError) == int(cudaErrorInitializationError));
static_assert(int(abi::kInvalidConfiguration) == int(cudaErrorInvalidConfiguration));
static_assert(int(abi::kInvalidPitchValue) == int(cudaErrorInvalidPitchValue));
static_assert(int(abi::kInvalidSymbol) == int(cudaErrorInvalidSymbol));
static_assert(int(abi::kInvalidChannelDescriptor) == int(cudaErrorInvalidChannelDescriptor));
static_assert(int(abi::kInvalidMemcpyDirection) == int(cudaErrorInvalidMemcpyDirection));
static_assert(int(abi::kMissingConfiguration) == int(cudaErrorMissingConfiguration));
static_assert(int(abi::kInvalidDeviceFunction) == int(cudaErrorInvalidDeviceFunction));
static_assert(int(abi::kNoDevice) == int(cudaErrorNoDevice));
static_assert(int(abi::kInvalidDevice) == int(cudaErrorInvalidDevice));
static_assert(int(abi::kInvalidKernelImage) == int(cudaErrorInvalidKernelImage));
static_assert(int(abi::kNoKernelImageForDevice) == int(cudaErrorNoKernelImageForDevice));
static_assert(int(abi::kUnsupportedLimit) == int(cudaErrorUnsupportedLimit));
static_assert(int(abi::kPeerAccessUnsupported) == int(cudaErrorPeerAccessUnsupported));
static_assert(int(abi::kInvalidPtx) == int(cudaErrorInvalidPtx));
static_assert(int(abi::kUnsupportedPtxVersion) == int(cudaErrorUnsupportedPtxVersion));
static_assert(int(abi::kFileNotFound) == int(cudaErrorFileNotFound));
static_assert(int(abi::kInvalidResourceHandle) == int(cudaErrorInvalidResourceHandle));
static_assert(int(abi::kSymbolNotFound) == int(cudaErrorSymbolNotFound));
static_assert(int(abi::kNotReady) == int(cudaErrorNotReady));
static_assert(int(abi::kLaunchOutOfResources) == int(cudaErrorLaunchOutOfResources));
static_assert(int(abi::kPeerAccessAlreadyEnabled) == int(cudaErrorPeerAccessAlreadyEnabled));
static_assert(int(abi::kPeerAccessNotEnabled) == int(cudaErrorPeerAccessNotEnabled));
static_assert(int(abi::kHostMemoryAlreadyRegistered) == int(cudaErrorHostMemoryAlreadyRegistered));
static_assert(int(abi::kHostMemoryNotRegistered) == int(cudaErrorHostMemoryNotRegistered));
static_assert(int(abi::kCooperativeLaunchTooLarge) == int(cudaErrorCooperativeLaunchTooLarge));
static_assert(int(abi::kNotPermitted) == int(cudaErrorNotPermitted));
static_assert(int(abi::kNotSupported) == int(cudaErrorNotSupported));
static_assert(int(abi::kStreamCaptureUnmatched) == int(cudaErrorStreamCaptureUnmatched));
static_assert(int(abi::kInvalidClusterSize) == int(cudaErrorInvalidClusterSize));
static_assert(int(abi::kUnknown) == int(cudaErrorUnknown));
static_assert(int(abi::kHostToHost) == int(cudaMemcpyHostToHost));
static_assert(int(abi::kHostToDevice) == int(cudaMemcpyHostToDevice));
static_assert(int(abi::kDeviceToHost) == int(cudaMemcpyDeviceToHost));
static_assert(int(abi::kDeviceToDevice) == int(cudaMemcpyDeviceToDevice));
static_assert(int(abi::kDefault) == int(cudaMemcpyDefault));
