// Texture and surface objects.
__global__ void sample(float4* out, cudaTextureObject_t texture, cudaSurfaceObject_t surface, float x, float y, float z) {
  out[0] = tex2D<float4>(texture, x, y);
  out[1].x = tex1Dfetch<float>(texture, int(x));
  out[2] = tex3D<float4>(texture, x, y, z);
  out[3].y = tex2DLod<float>(texture, x, y, z);
  out[4].z = tex2DLayered<float>(texture, x, y, 3);
  out[5] = tex2Dgather<float4>(texture, x, y, 1);
  const float2 pair = surf2Dread<float2>(surface, 8 * int(x), int(y));
  surf2Dwrite(make_float2(pair.y, pair.x), surface, 8 * int(y), int(x));
}
