// SPDX-License-Identifier: Apache-2.0
//
// vi, vu, vf: LANES lanes of 32 bits. With AVX-512 they are the compiler's own 64-byte vectors. Elsewhere they are still sixteen
// lanes, a face row, in a struct of as many native vectors as it takes: compilers take comparisons and selections of wider
// vectors apart lane by lane. Translation units that do not care for face rows define TTSIM_NATIVE_LANES and get the native
// vectors themselves, which compile in a fraction of the time.
#pragma once
#include <stdint.h>
#include <string.h>

#if !defined(__GNUC__)
#error "the numerics library needs the vector extensions of GCC or Clang"
#endif

#define TTSIM_INLINE static inline __attribute__((always_inline))

namespace ttsim {

#if defined(__AVX512F__)
constexpr int NATIVE_BYTES = 64;
#define TTSIM_PLAIN_VECTORS
#elif defined(__AVX2__)
constexpr int NATIVE_BYTES = 32;
#else
constexpr int NATIVE_BYTES = 16;
#endif
#if defined(TTSIM_NATIVE_LANES)
#define TTSIM_PLAIN_VECTORS
#endif

#if defined(TTSIM_PLAIN_VECTORS)

constexpr int LANES = NATIVE_BYTES / 4;
typedef float vf __attribute__((vector_size(NATIVE_BYTES)));
typedef int32_t vi __attribute__((vector_size(NATIVE_BYTES)));
typedef uint32_t vu __attribute__((vector_size(NATIVE_BYTES)));

TTSIM_INLINE vi select(vi mask, vi yes, vi no) { return mask ? yes : no; }
TTSIM_INLINE vf select(vi mask, vf yes, vf no) { return mask ? yes : no; }
TTSIM_INLINE vu select(vi mask, vu yes, vu no) { return mask ? yes : no; }
TTSIM_INLINE vf to_float(vi x) { return __builtin_convertvector(x, vf); }
TTSIM_INLINE vf to_float(vu x) { return __builtin_convertvector(x, vf); }
/// Truncates; only for values that fit.
TTSIM_INLINE vi to_int(vf x) { return __builtin_convertvector(x, vi); }

/// Narrow integers, widened by their own sign.
template <class T>
TTSIM_INLINE vi load_narrow(const T* p) {
    typedef T narrow __attribute__((vector_size(LANES * sizeof(T))));
    narrow v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vi);
}
/// The low bits of the lanes.
template <class T>
TTSIM_INLINE void store_narrow(T* p, vi x) {
    typedef T narrow __attribute__((vector_size(LANES * sizeof(T))));
    const narrow v = __builtin_convertvector(x, narrow);
    memcpy(p, &v, sizeof v);
}

#else

constexpr int LANES = 16;
constexpr int PARTS = 64 / NATIVE_BYTES;
constexpr int PART_LANES = NATIVE_BYTES / 4;

template <class T>
struct Wide {
    typedef T part __attribute__((vector_size(NATIVE_BYTES)));
    typedef T aliased __attribute__((may_alias));
    part p[PARTS];

    Wide() = default;
    /// The same bits as another type.
    template <class U>
    inline __attribute__((always_inline)) explicit Wide(const Wide<U>& other) {
        memcpy(p, other.p, sizeof p);
    }
    inline __attribute__((always_inline)) aliased& operator[](int k) { return *((aliased*)p + k); }
    inline __attribute__((always_inline)) T operator[](int k) const { return *((const aliased*)p + k); }

#define TTSIM_BY_PARTS(RESULT, EXPRESSION)              \
    {                                                   \
        RESULT r;                                       \
        for (int i = 0; i < PARTS; ++i) r.p[i] = EXPRESSION; \
        return r;                                       \
    }
#define TTSIM_FRIEND friend inline __attribute__((always_inline))
#define TTSIM_OPERATOR(OP)                                                                                            \
    TTSIM_FRIEND Wide operator OP(const Wide& a, const Wide& b) TTSIM_BY_PARTS(Wide, a.p[i] OP b.p[i])                \
    TTSIM_FRIEND Wide operator OP(const Wide& a, T b) TTSIM_BY_PARTS(Wide, a.p[i] OP b)                               \
    TTSIM_FRIEND Wide operator OP(T a, const Wide& b) TTSIM_BY_PARTS(Wide, a OP b.p[i])                               \
    template <class V>                                                                                                \
    inline __attribute__((always_inline)) Wide& operator OP##=(const V& b) {                                          \
        return *this = *this OP b;                                                                                    \
    }
#define TTSIM_COMPARISON(OP)                                                                                          \
    TTSIM_FRIEND Wide<int32_t> operator OP(const Wide& a, const Wide& b) TTSIM_BY_PARTS(Wide<int32_t>, a.p[i] OP b.p[i]) \
    TTSIM_FRIEND Wide<int32_t> operator OP(const Wide& a, T b) TTSIM_BY_PARTS(Wide<int32_t>, a.p[i] OP b)
    TTSIM_OPERATOR(+)
    TTSIM_OPERATOR(-)
    TTSIM_OPERATOR(*)
    TTSIM_OPERATOR(/)
    TTSIM_OPERATOR(&)
    TTSIM_OPERATOR(|)
    TTSIM_OPERATOR(^)
    TTSIM_OPERATOR(<<)
    TTSIM_OPERATOR(>>)
    TTSIM_COMPARISON(<)
    TTSIM_COMPARISON(<=)
    TTSIM_COMPARISON(>)
    TTSIM_COMPARISON(>=)
    TTSIM_COMPARISON(==)
    TTSIM_COMPARISON(!=)
    TTSIM_FRIEND Wide operator-(const Wide& a) TTSIM_BY_PARTS(Wide, -a.p[i])
    TTSIM_FRIEND Wide operator~(const Wide& a) TTSIM_BY_PARTS(Wide, ~a.p[i])
};

typedef Wide<float> vf;
typedef Wide<int32_t> vi;
typedef Wide<uint32_t> vu;

template <class T>
TTSIM_INLINE Wide<T> select(const vi& mask, const Wide<T>& yes, const Wide<T>& no)
    TTSIM_BY_PARTS(Wide<T>, mask.p[i] ? yes.p[i] : no.p[i])
TTSIM_INLINE vf to_float(const vi& x) TTSIM_BY_PARTS(vf, __builtin_convertvector(x.p[i], vf::part))
TTSIM_INLINE vf to_float(const vu& x) TTSIM_BY_PARTS(vf, __builtin_convertvector(x.p[i], vf::part))
/// Truncates; only for values that fit.
TTSIM_INLINE vi to_int(const vf& x) TTSIM_BY_PARTS(vi, __builtin_convertvector(x.p[i], vi::part))

/// Narrow integers, widened by their own sign.
template <class T>
TTSIM_INLINE vi load_narrow(const T* p) {
    typedef T narrow __attribute__((vector_size(PART_LANES * sizeof(T))));
    vi r;
    for (int i = 0; i < PARTS; ++i) {
        narrow v;
        memcpy(&v, p + i * PART_LANES, sizeof v);
        r.p[i] = __builtin_convertvector(v, vi::part);
    }
    return r;
}
/// The low bits of the lanes.
template <class T>
TTSIM_INLINE void store_narrow(T* p, const vi& x) {
    int32_t lane[LANES];
    memcpy(lane, &x, sizeof lane);
    for (int k = 0; k < LANES; ++k) p[k] = (T)lane[k];
}

#endif

}  // namespace ttsim
