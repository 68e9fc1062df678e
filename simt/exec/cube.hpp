// The faces of a cubemap: which one a direction meets, and which texel lies across an edge.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace simt::exec {

/// Faces in the order of layers: +x, -x, +y, -y, +z, -z. s and t are coordinates of the direction, by axis and sign.
struct CubeFace {
  unsigned face;
  int axis, s, t;
  float s_sign, t_sign;
};
inline constexpr CubeFace kCubeFaces[6] = {
    {0, 0, 2, 1, -1, -1}, {1, 0, 2, 1, 1, -1}, {2, 1, 0, 2, 1, 1},
    {3, 1, 0, 2, 1, -1},  {4, 2, 0, 1, 1, -1}, {5, 2, 0, 1, -1, -1},
};

inline const CubeFace& face_of(const float* direction) {
  int axis = 2;
  const float x = std::fabs(direction[0]), y = std::fabs(direction[1]), z = std::fabs(direction[2]);
  if (x > y && x > z) axis = 0;
  else if (y > z) axis = 1;
  return kCubeFaces[2 * axis + std::signbit(direction[axis])];
}

struct FacePlace {
  float s, t;
};

/// Where a direction meets a face, from 0 to 1. A direction to a face beside it meets that one as if it were unfolded.
inline FacePlace place_on(const CubeFace& face, const float* direction) {
  const float widest = std::max({std::fabs(direction[0]), std::fabs(direction[1]), std::fabs(direction[2])});
  const float depth = direction[face.axis] / (face.face % 2 ? -widest : widest);
  auto along = [&](int axis, float sign) {
    const float on_cube = sign * direction[axis] / widest;
    return ((std::fabs(on_cube) == 1 ? on_cube + std::copysign(1 - depth, on_cube) : on_cube) + 1) / 2;
  };
  return {along(face.s, face.s_sign), along(face.t, face.t_sign)};
}

struct CubePlace {
  unsigned face;
  std::int64_t x, y;
};

/// The texel behind the edge, for one coordinate that is -1 or n. The direction of its centre, carried on in the plane of
/// the face, meets the next face in the row of that texel.
inline CubePlace across_edge(unsigned face, std::int64_t x, std::int64_t y, std::int64_t n) {
  const CubeFace& from = kCubeFaces[face];
  double d[3];
  auto centre = [n](std::int64_t i) { return double(2 * i + 1) / double(n) - 1; };
  d[from.axis] = face % 2 ? -1 : 1;
  d[from.s] = double(from.s_sign) * centre(x);
  d[from.t] = double(from.t_sign) * centre(y);
  const int axis = x < 0 || x >= n ? from.s : from.t;
  const CubeFace& to = kCubeFaces[2 * axis + (d[axis] < 0)];
  const double depth = std::fabs(d[axis]);
  auto index = [&](int along, float sign) {
    const auto i = std::int64_t((double(sign) * d[along] / depth + 1) / 2 * double(n));
    return i < n ? i : n - 1;
  };
  return {to.face, index(to.s, to.s_sign), index(to.t, to.t_sign)};
}

}  // namespace simt::exec
