#include "textflag.h"
#include "neon_arm64.h"

// The micro-kernel for NEON, see type tile. Sums are computed for 8, 4 or 1 rows of 8 columns: two registers per row,
// V0 to V15. They then go through memory to one loop that applies the epilogue row by row.

// Offsets of the fields of type tile.
#define tileA 0
#define tileRows 8
#define tileSegments 16
#define tileCount 24
#define tileDepth 32
#define tileAStep 40
#define tileB 48
#define tileBStep 56
#define tileC 64
#define tileOut 72
#define tileFlags 80
#define tileScale 88
#define tileShift 96
#define tileResidual 104
#define tileSlopes 144
#define tileSlope 152
#define tileLow 156
#define tileHigh 160

// R0 to R7 point at the rows of the left operand, R10 at the right one.
#define a R21
#define aStep R9
#define bStart R15
#define bStep R11
#define rowOffsets R19
#define segment R13
#define segments R14
#define depth R20

// BEGIN loads the fields that a tile's loops need and goes to summed if there is nothing to sum up.
#define BEGIN \
	MOVD t+0(FP), R8; \
	MOVD tileA(R8), a; \
	MOVD tileRows(R8), rowOffsets; \
	MOVD tileSegments(R8), segment; \
	MOVD tileCount(R8), segments; \
	MOVD tileDepth(R8), depth; \
	MOVD tileAStep(R8), aStep; \
	MOVD tileB(R8), bStart; \
	MOVD tileBStep(R8), bStep; \
	CBZ segments, summed

// NEXT moves on to the next segment: its place in the left operand goes to R16, that in the right one to R10.
#define NEXT \
	LDP.P 16(segment), (R16, R10); \
	ADD bStart, R10; \
	ADD a, R16

// ROW points p at row i of the left operand.
#define ROW(i, p) MOVD (8*i)(rowOffsets), p; ADD R16, p

// RIGHT loads a row of the right operand.
#define RIGHT VLD1 (R10), [V16.S4, V17.S4]

// MULTIPLY adds the products of one number of a row; p moves on to the next one.
#define MULTIPLY(p, x, v, w) \
	VLD1R.P (p)(aStep), [x]; \
	VFMLA V16.S4, x, v; \
	VFMLA V17.S4, x, w

// CHANNELS adds the products of eight numbers of row i.
#define CHANNELS(i, v, w, x, y) \
	MOVD (8*i)(rowOffsets), R17; \
	ADD R16, R17; \
	VLD1 (R17), [x, y]; \
	VFMLA V16.S4, x, v; \
	VFMLA V17.S4, y, w

#define ZERO8 \
	VEOR V0.B16, V0.B16, V0.B16; VEOR V1.B16, V1.B16, V1.B16; \
	VEOR V2.B16, V2.B16, V2.B16; VEOR V3.B16, V3.B16, V3.B16; \
	VEOR V4.B16, V4.B16, V4.B16; VEOR V5.B16, V5.B16, V5.B16; \
	VEOR V6.B16, V6.B16, V6.B16; VEOR V7.B16, V7.B16, V7.B16

#define ZERO16 \
	ZERO8; \
	VEOR V8.B16, V8.B16, V8.B16; VEOR V9.B16, V9.B16, V9.B16; \
	VEOR V10.B16, V10.B16, V10.B16; VEOR V11.B16, V11.B16, V11.B16; \
	VEOR V12.B16, V12.B16, V12.B16; VEOR V13.B16, V13.B16, V13.B16; \
	VEOR V14.B16, V14.B16, V14.B16; VEOR V15.B16, V15.B16, V15.B16

// func sums8NEON(t *tile, sums *[64]float32)
TEXT ·sums8NEON(SB), NOSPLIT, $0-16
	ZERO16
	BEGIN
next:
	NEXT
	ROW(0, R0)
	ROW(1, R1)
	ROW(2, R2)
	ROW(3, R3)
	ROW(4, R4)
	ROW(5, R5)
	ROW(6, R6)
	ROW(7, R7)
	MOVD depth, R12
product:
	RIGHT
	ADD bStep, R10
	MULTIPLY(R0, V18.S4, V0.S4, V1.S4)
	MULTIPLY(R1, V19.S4, V2.S4, V3.S4)
	MULTIPLY(R2, V20.S4, V4.S4, V5.S4)
	MULTIPLY(R3, V21.S4, V6.S4, V7.S4)
	MULTIPLY(R4, V22.S4, V8.S4, V9.S4)
	MULTIPLY(R5, V23.S4, V10.S4, V11.S4)
	MULTIPLY(R6, V24.S4, V12.S4, V13.S4)
	MULTIPLY(R7, V25.S4, V14.S4, V15.S4)
	SUBS $1, R12
	BNE product
	SUBS $1, segments
	BNE next
summed:
	MOVD sums+8(FP), R10
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R10)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R10)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R10)
	RET

// func sums4NEON(t *tile, sums *[64]float32)
TEXT ·sums4NEON(SB), NOSPLIT, $0-16
	ZERO8
	BEGIN
next:
	NEXT
	ROW(0, R0)
	ROW(1, R1)
	ROW(2, R2)
	ROW(3, R3)
	MOVD depth, R12
product:
	RIGHT
	ADD bStep, R10
	MULTIPLY(R0, V18.S4, V0.S4, V1.S4)
	MULTIPLY(R1, V19.S4, V2.S4, V3.S4)
	MULTIPLY(R2, V20.S4, V4.S4, V5.S4)
	MULTIPLY(R3, V21.S4, V6.S4, V7.S4)
	SUBS $1, R12
	BNE product
	SUBS $1, segments
	BNE next
summed:
	MOVD sums+8(FP), R10
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R10)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	RET

// func sums1NEON(t *tile, sums *[64]float32)
TEXT ·sums1NEON(SB), NOSPLIT, $0-16
	ZERO8
	BEGIN
next:
	NEXT
	ROW(0, R0)
	MOVD depth, R12
product:
	RIGHT
	ADD bStep, R10
	MULTIPLY(R0, V18.S4, V0.S4, V1.S4)
	SUBS $1, R12
	BNE product
	SUBS $1, segments
	BNE next
summed:
	MOVD sums+8(FP), R10
	VST1 [V0.S4, V1.S4], (R10)
	RET

// func channels8NEON(t *tile, sums *[64]float32)
TEXT ·channels8NEON(SB), NOSPLIT, $0-16
	ZERO16
	BEGIN
next:
	NEXT
	RIGHT
	CHANNELS(0, V0.S4, V1.S4, V18.S4, V19.S4)
	CHANNELS(1, V2.S4, V3.S4, V20.S4, V21.S4)
	CHANNELS(2, V4.S4, V5.S4, V22.S4, V23.S4)
	CHANNELS(3, V6.S4, V7.S4, V24.S4, V25.S4)
	CHANNELS(4, V8.S4, V9.S4, V26.S4, V27.S4)
	CHANNELS(5, V10.S4, V11.S4, V28.S4, V29.S4)
	CHANNELS(6, V12.S4, V13.S4, V30.S4, V31.S4)
	CHANNELS(7, V14.S4, V15.S4, V18.S4, V19.S4)
	SUBS $1, segments
	BNE next
summed:
	MOVD sums+8(FP), R10
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R10)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R10)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R10)
	RET

// func channels4NEON(t *tile, sums *[64]float32)
TEXT ·channels4NEON(SB), NOSPLIT, $0-16
	ZERO8
	BEGIN
next:
	NEXT
	RIGHT
	CHANNELS(0, V0.S4, V1.S4, V18.S4, V19.S4)
	CHANNELS(1, V2.S4, V3.S4, V20.S4, V21.S4)
	CHANNELS(2, V4.S4, V5.S4, V22.S4, V23.S4)
	CHANNELS(3, V6.S4, V7.S4, V24.S4, V25.S4)
	SUBS $1, segments
	BNE next
summed:
	MOVD sums+8(FP), R10
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R10)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R10)
	RET

// func channels1NEON(t *tile, sums *[64]float32)
TEXT ·channels1NEON(SB), NOSPLIT, $0-16
	ZERO8
	BEGIN
next:
	NEXT
	RIGHT
	CHANNELS(0, V0.S4, V1.S4, V18.S4, V19.S4)
	SUBS $1, segments
	BNE next
summed:
	MOVD sums+8(FP), R10
	VST1 [V0.S4, V1.S4], (R10)
	RET

// LEAKY multiplies the sums in V0 and V1 by the slopes in V2 and V3 where they are negative.
#define LEAKY \
	FMUL4(2, 0, 4); \
	FMUL4(3, 1, 5); \
	FCMLTZ4(0, 6); \
	FCMLTZ4(1, 7); \
	VBIT V6.B16, V4.B16, V0.B16; \
	VBIT V7.B16, V5.B16, V1.B16

// ADD2 adds the eight numbers at p.
#define ADD2(p) \
	VLD1 (p), [V2.S4, V3.S4]; \
	FADD4(2, 0, 0); \
	FADD4(3, 1, 1)

// func finishNEON(rows int, t *tile, sums *[64]float32)
TEXT ·finishNEON(SB), NOSPLIT, $0-24
	MOVD rows+0(FP), R0
	MOVD t+8(FP), R8
	MOVD sums+16(FP), R10
	MOVD tileFlags(R8), R1
	MOVD tileOut(R8), R2
	MOVD tileC(R8), R3
	MOVD tileResidual(R8), R4
	MOVD tileScale(R8), R5
	MOVD tileShift(R8), R6
	MOVD tileSlopes(R8), R7
	VEOR V16.B16, V16.B16, V16.B16
	FMOVS tileSlope(R8), F17
	FMOVS tileLow(R8), F18
	FMOVS tileHigh(R8), F19
	VDUP V17.S[0], V17.S4
	VDUP V18.S[0], V18.S4
	VDUP V19.S[0], V19.S4
row:
	MOVD.P 8(R2), R11
	ADD R3, R11, R12 // in c
	ADD R4, R11, R13 // in the residual
	VLD1.P 32(R10), [V0.S4, V1.S4]
	TBZ $0, R1, accumulated
	ADD2(R12)
accumulated:
	TBZ $1, R1, scaled
	VLD1 (R5), [V2.S4, V3.S4]
	FMUL4(2, 0, 0)
	FMUL4(3, 1, 1)
scaled:
	TBZ $2, R1, shifted
	ADD2(R6)
shifted:
	TBZ $3, R1, residual
	ADD2(R13)
residual:
	TBZ $4, R1, relu
	FMAX4(16, 0, 0)
	FMAX4(16, 1, 1)
relu:
	TBZ $5, R1, leaky
	VMOV V17.B16, V2.B16
	VMOV V17.B16, V3.B16
	LEAKY
leaky:
	TBZ $7, R1, slopes
	VLD1 (R7), [V2.S4, V3.S4]
	LEAKY
slopes:
	TBZ $8, R1, clipped
	FMAX4(18, 0, 0)
	FMAX4(18, 1, 1)
	FMIN4(19, 0, 0)
	FMIN4(19, 1, 1)
clipped:
	TBZ $9, R1, last
	ADD2(R13)
last:
	VST1 [V0.S4, V1.S4], (R12)
	SUBS $1, R0
	BNE row
	RET

// func packRowsNEON(dst, src *float32, n, stride int)
TEXT ·packRowsNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2
	MOVD stride+24(FP), R3
row:
	VLD1.P (R1)(R3), [V0.S4, V1.S4]
	VST1.P [V0.S4, V1.S4], 32(R0)
	SUBS $1, R2
	BNE row
	RET

// func peakNEON(n int)
TEXT ·peakNEON(SB), NOSPLIT, $0-8
	MOVD n+0(FP), R0
	ZERO16
	VEOR V16.B16, V16.B16, V16.B16
loop:
	VFMLA V16.S4, V16.S4, V0.S4
	VFMLA V16.S4, V16.S4, V1.S4
	VFMLA V16.S4, V16.S4, V2.S4
	VFMLA V16.S4, V16.S4, V3.S4
	VFMLA V16.S4, V16.S4, V4.S4
	VFMLA V16.S4, V16.S4, V5.S4
	VFMLA V16.S4, V16.S4, V6.S4
	VFMLA V16.S4, V16.S4, V7.S4
	VFMLA V16.S4, V16.S4, V8.S4
	VFMLA V16.S4, V16.S4, V9.S4
	VFMLA V16.S4, V16.S4, V10.S4
	VFMLA V16.S4, V16.S4, V11.S4
	VFMLA V16.S4, V16.S4, V12.S4
	VFMLA V16.S4, V16.S4, V13.S4
	VFMLA V16.S4, V16.S4, V14.S4
	VFMLA V16.S4, V16.S4, V15.S4
	SUBS $1, R0
	BNE loop
	RET
