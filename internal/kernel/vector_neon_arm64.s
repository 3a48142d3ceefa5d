#include "textflag.h"
#include "neon_arm64.h"

// The loops of vector_portable.go, norm_portable.go and optim_portable.go for NEON. Each goes through four numbers at a
// time and then through the rest one by one, with the same instructions on registers that hold one number.

// Operations on V0 and V1, with the result in V2; V3 and V4 are free, and V5 is zero.
#define PLUS FADD4(1, 0, 2)
#define MINUS FSUB4(1, 0, 2)
#define TIMES FMUL4(1, 0, 2)
#define OVER FDIV4(1, 0, 2)

// FIRST_IF gives V0 where the bits of V3 are set or V0 is NaN, V1 elsewhere.
#define FIRST_IF \
	FCMEQ4(0, 0, 4); \
	VMOV V1.B16, V2.B16; \
	VBIT V3.B16, V0.B16, V2.B16; \
	VBIF V4.B16, V0.B16, V2.B16

#define LARGER FCMGT4(1, 0, 3); FIRST_IF
#define SMALLER FCMGT4(0, 1, 3); FIRST_IF

// Macros that begin functions find the parameters at R10.

// BINARY is binaryLoop(f).
#define BINARY(OP) \
	MOVD 0(R10), R0; \
	MOVD 24(R10), R1; \
	MOVD 48(R10), R2; \
	MOVD 72(R10), R3; \
	MOVD 80(R10), R4; \
	MOVD 88(R10), R5; \
	MOVD 96(R10), R6; \
	LSL $2, R5; \
	LSL $2, R6; \
	CBZ R3, done; \
	CBZ R4, done; \
row: \
	MOVD R1, R7; \
	MOVD R2, R8; \
	SUBS $4, R4, R9; \
	BLT rest; \
four: \
	VLD1.P 16(R7), [V0.S4]; \
	VLD1.P 16(R8), [V1.S4]; \
	OP; \
	VST1.P [V2.S4], 16(R0); \
	SUBS $4, R9; \
	BGE four; \
rest: \
	ADDS $4, R9; \
	BEQ next; \
one: \
	FMOVS.P 4(R7), F0; \
	FMOVS.P 4(R8), F1; \
	OP; \
	FMOVS.P F2, 4(R0); \
	SUBS $1, R9; \
	BNE one; \
next: \
	ADD R5, R1; \
	ADD R6, R2; \
	SUBS $1, R3; \
	BNE row; \
done: \
	RET

TEXT ·addNEON(SB), NOSPLIT, $0-104
	MOVD $dst_base+0(FP), R10
	BINARY(PLUS)

TEXT ·subNEON(SB), NOSPLIT, $0-104
	MOVD $dst_base+0(FP), R10
	BINARY(MINUS)

TEXT ·mulNEON(SB), NOSPLIT, $0-104
	MOVD $dst_base+0(FP), R10
	BINARY(TIMES)

TEXT ·divNEON(SB), NOSPLIT, $0-104
	MOVD $dst_base+0(FP), R10
	BINARY(OVER)

TEXT ·maxNEON(SB), NOSPLIT, $0-104
	MOVD $dst_base+0(FP), R10
	BINARY(LARGER)

TEXT ·minNEON(SB), NOSPLIT, $0-104
	MOVD $dst_base+0(FP), R10
	BINARY(SMALLER)

// EACH writes the loop over one operand at R1 and R4 = its length, into R0: x and y name the registers of the operand.
#define EACH(x, y, OP) \
	SUBS $4, R4; \
	BLT rest; \
four: \
	VLD1.P 16(R1), [x]; \
	OP; \
	VST1.P [V2.S4], 16(R0); \
	SUBS $4, R4; \
	BGE four; \
rest: \
	ADDS $4, R4; \
	BEQ done; \
one: \
	FMOVS.P 4(R1), y; \
	OP; \
	FMOVS.P F2, 4(R0); \
	SUBS $1, R4; \
	BNE one; \
done: \
	RET

// SCALAR is binaryScalarLoop(f) with x in V0, and scalarBinaryLoop(f) with x in V1.
#define SCALAR(x, y, v, w, OP) \
	MOVD 0(R10), R0; \
	MOVD 8(R10), R4; \
	MOVD 24(R10), R1; \
	FMOVS 48(R10), v; \
	VDUP w.S[0], w.S4; \
	EACH(x, y, OP)

#define X_LEFT(OP) SCALAR(V0.S4, F0, F1, V1, OP)
#define X_RIGHT(OP) SCALAR(V1.S4, F1, F0, V0, OP)

TEXT ·addScalarNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_LEFT(PLUS)

TEXT ·scalarAddNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_RIGHT(PLUS)

TEXT ·subScalarNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_LEFT(MINUS)

TEXT ·scalarSubNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_RIGHT(MINUS)

TEXT ·mulScalarNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_LEFT(TIMES)

TEXT ·scalarMulNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_RIGHT(TIMES)

TEXT ·divScalarNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_LEFT(OVER)

TEXT ·scalarDivNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_RIGHT(OVER)

TEXT ·maxScalarNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_LEFT(LARGER)

TEXT ·scalarMaxNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_RIGHT(LARGER)

TEXT ·minScalarNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_LEFT(SMALLER)

TEXT ·scalarMinNEON(SB), NOSPLIT, $0-52
	MOVD $dst_base+0(FP), R10
	X_RIGHT(SMALLER)

// UNARY is unaryLoop(f) of the number in V0; V5 is zero and V6 one.
#define UNARY(OP) \
	MOVD 0(R10), R0; \
	MOVD 8(R10), R4; \
	MOVD 24(R10), R1; \
	VEOR V5.B16, V5.B16, V5.B16; \
	FMOVS $1.0, F6; \
	VDUP V6.S[0], V6.S4; \
	EACH(V0.S4, F0, OP)

#define RELU \
	FCMLTZ4(0, 3); \
	VMOV V0.B16, V2.B16; \
	VBIT V3.B16, V5.B16, V2.B16

#define RSQRT FSQRT4(0, 3); FDIV4(3, 6, 2)

TEXT ·absNEON(SB), NOSPLIT, $0-48
	MOVD $dst_base+0(FP), R10
	UNARY(FABS4(0, 2))

TEXT ·negNEON(SB), NOSPLIT, $0-48
	MOVD $dst_base+0(FP), R10
	UNARY(FNEG4(0, 2))

TEXT ·squareNEON(SB), NOSPLIT, $0-48
	MOVD $dst_base+0(FP), R10
	UNARY(FMUL4(0, 0, 2))

TEXT ·sqrtNEON(SB), NOSPLIT, $0-48
	MOVD $dst_base+0(FP), R10
	UNARY(FSQRT4(0, 2))

TEXT ·rsqrtNEON(SB), NOSPLIT, $0-48
	MOVD $dst_base+0(FP), R10
	UNARY(RSQRT)

TEXT ·reciprocalNEON(SB), NOSPLIT, $0-48
	MOVD $dst_base+0(FP), R10
	UNARY(FDIV4(0, 6, 2))

TEXT ·reluNEON(SB), NOSPLIT, $0-48
	MOVD $dst_base+0(FP), R10
	UNARY(RELU)

// EACH_TWO is EACH for two operands, at R1 in V0 and at R2 in V1.
#define EACH_TWO(OP) \
	SUBS $4, R4; \
	BLT rest; \
four: \
	VLD1.P 16(R1), [V0.S4]; \
	VLD1.P 16(R2), [V1.S4]; \
	OP; \
	VST1.P [V2.S4], 16(R0); \
	SUBS $4, R4; \
	BGE four; \
rest: \
	ADDS $4, R4; \
	BEQ done; \
one: \
	FMOVS.P 4(R1), F0; \
	FMOVS.P 4(R2), F1; \
	OP; \
	FMOVS.P F2, 4(R0); \
	SUBS $1, R4; \
	BNE one; \
done: \
	RET

// func axpyNEON(dst, x, y []float32, s float32)
#define AXPY FMUL4(6, 0, 3); FADD4(1, 3, 2)
TEXT ·axpyNEON(SB), NOSPLIT, $0-76
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R4
	MOVD x_base+24(FP), R1
	MOVD y_base+48(FP), R2
	FMOVS s+72(FP), F6
	VDUP V6.S[0], V6.S4
	EACH_TWO(AXPY)

// func reluGradNEON(dst, dy, x []float32)
#define RELU_GRAD FCMGEZ4(1, 2); VAND V0.B16, V2.B16, V2.B16
TEXT ·reluGradNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R4
	MOVD dy_base+24(FP), R1
	MOVD x_base+48(FP), R2
	EACH_TWO(RELU_GRAD)

// func takeMaxNEON(best, x []float32)
#define TAKE_MAX \
	FCMGT4(0, 1, 3); \
	FCMEQ4(1, 1, 4); \
	VMOV V0.B16, V2.B16; \
	VBIT V3.B16, V1.B16, V2.B16; \
	VBIF V4.B16, V1.B16, V2.B16
TEXT ·takeMaxNEON(SB), NOSPLIT, $0-48
	MOVD best_base+0(FP), R0
	MOVD best_len+8(FP), R4
	MOVD R0, R1
	MOVD x_base+24(FP), R2
	EACH_TWO(TAKE_MAX)

// Reductions in 64 lanes, which are 16 registers: V0 to V15 at R0. They take a multiple of 64 numbers.

#define LANES_IN \
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]; \
	VLD1.P 64(R0), [V8.S4, V9.S4, V10.S4, V11.S4]; \
	VLD1.P 64(R0), [V12.S4, V13.S4, V14.S4, V15.S4]; \
	SUB $256, R0

#define LANES_OUT \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0); \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0); \
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R0); \
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R0)

#define REDUCE4(OP, l0, l1, l2, l3) \
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]; \
	OP(16, l0, l0); \
	OP(17, l1, l1); \
	OP(18, l2, l2); \
	OP(19, l3, l3)

#define REDUCE(OP) \
	MOVD 0(R10), R0; \
	MOVD 8(R10), R1; \
	MOVD 16(R10), R2; \
	LANES_IN; \
loop: \
	REDUCE4(OP, 0, 1, 2, 3); \
	REDUCE4(OP, 4, 5, 6, 7); \
	REDUCE4(OP, 8, 9, 10, 11); \
	REDUCE4(OP, 12, 13, 14, 15); \
	SUBS $64, R2; \
	BNE loop; \
	LANES_OUT; \
	RET

TEXT ·sumLanesNEON(SB), NOSPLIT, $0-32
	MOVD $acc+0(FP), R10
	REDUCE(FADD4)

TEXT ·maxLanesNEON(SB), NOSPLIT, $0-32
	MOVD $acc+0(FP), R10
	REDUCE(FMAX4)

TEXT ·minLanesNEON(SB), NOSPLIT, $0-32
	MOVD $acc+0(FP), R10
	REDUCE(FMIN4)

#define LOAD_BOTH \
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]; \
	VLD1.P 64(R2), [V20.S4, V21.S4, V22.S4, V23.S4]

#define DOT4(l0, l1, l2, l3) \
	LOAD_BOTH; \
	VFMLA V16.S4, V20.S4, l0; \
	VFMLA V17.S4, V21.S4, l1; \
	VFMLA V18.S4, V22.S4, l2; \
	VFMLA V19.S4, V23.S4, l3


#define REDUCE_BOTH(STEP) \
	MOVD 0(R10), R0; \
	MOVD 8(R10), R1; \
	MOVD 16(R10), R3; \
	MOVD 32(R10), R2; \
	LANES_IN; \
loop: \
	STEP(V0.S4, V1.S4, V2.S4, V3.S4); \
	STEP(V4.S4, V5.S4, V6.S4, V7.S4); \
	STEP(V8.S4, V9.S4, V10.S4, V11.S4); \
	STEP(V12.S4, V13.S4, V14.S4, V15.S4); \
	SUBS $64, R3; \
	BNE loop; \
	LANES_OUT; \
	RET

TEXT ·dotLanesNEON(SB), NOSPLIT, $0-56
	MOVD $acc+0(FP), R10
	REDUCE_BOTH(DOT4)

// Normalisation: row by row, R4 columns of which R9 are left, four or one at a time.

#define FOUR_OR_ONE(FOUR, ONE) \
row: \
	SUBS $4, R4, R9; \
	BLT rest; \
four: \
	FOUR; \
	SUBS $4, R9; \
	BGE four; \
rest: \
	ADDS $4, R9; \
	BEQ next; \
one: \
	ONE; \
	SUBS $1, R9; \
	BNE one; \
next:

#define NORMALIZE FSUB4(1, 0, 0); FMUL4(2, 0, 0); FADD4(3, 0, 0)
#define NORMALIZE_FOUR(END) \
	VLD1.P 16(R1), [V0.S4]; \
	VLD1.P 16(R5), [V1.S4]; \
	VLD1.P 16(R6), [V2.S4]; \
	VLD1.P 16(R7), [V3.S4]; \
	NORMALIZE; \
	END; \
	VST1.P [V0.S4], 16(R0)
#define NORMALIZE_ONE(END) \
	FMOVS.P 4(R1), F0; \
	FMOVS.P 4(R5), F1; \
	FMOVS.P 4(R6), F2; \
	FMOVS.P 4(R7), F3; \
	NORMALIZE; \
	END; \
	FMOVS.P F0, 4(R0)

// NORMALIZATION is normalizeLoop, with something to do at the end of each number in V0.
#define NORMALIZATION(END) \
	MOVD 0(R10), R0; \
	MOVD 24(R10), R1; \
	MOVD 56(R10), R4; \
	MOVD 120(R10), R3; \
	VEOR V5.B16, V5.B16, V5.B16; \
	CBZ R3, done; \
	CBZ R4, done; \
again: \
	MOVD 48(R10), R5; \
	MOVD 72(R10), R6; \
	MOVD 96(R10), R7; \
	FOUR_OR_ONE(NORMALIZE_FOUR(END), NORMALIZE_ONE(END)) \
	SUBS $1, R3; \
	BNE again; \
done: \
	RET

#define NOTHING
#define RELU_HERE FCMLTZ4(0, 4); VBIT V4.B16, V5.B16, V0.B16

TEXT ·normalizeNEON(SB), NOSPLIT, $0-128
	MOVD $y_base+0(FP), R10
	NORMALIZATION(NOTHING)

TEXT ·normalizeReluNEON(SB), NOSPLIT, $0-128
	MOVD $y_base+0(FP), R10
	NORMALIZATION(RELU_HERE)

// func deviationsNEON(squares, sums, x []float32, rows int, inverse float32) adds up the squared deviations of x.
#define DEVIATION FMUL4(16, 2, 3); FSUB4(3, 1, 1); FMUL4(1, 1, 1); FADD4(1, 0, 0)
#define DEVIATION_FOUR \
	VLD1 (R0), [V0.S4]; \
	VLD1.P 16(R2), [V1.S4]; \
	VLD1.P 16(R1), [V2.S4]; \
	DEVIATION; \
	VST1.P [V0.S4], 16(R0)
#define DEVIATION_ONE \
	FMOVS (R0), F0; \
	FMOVS.P 4(R2), F1; \
	FMOVS.P 4(R1), F2; \
	DEVIATION; \
	FMOVS.P F0, 4(R0)
TEXT ·deviationsNEON(SB), NOSPLIT, $0-84
	MOVD squares_len+8(FP), R4
	MOVD x_base+48(FP), R2
	MOVD rows+72(FP), R3
	FMOVS inverse+80(FP), F16
	VDUP V16.S[0], V16.S4
	CBZ R4, done
again:
	MOVD squares_base+0(FP), R0
	MOVD sums_base+24(FP), R1
	FOUR_OR_ONE(DEVIATION_FOUR, DEVIATION_ONE)
	SUBS $1, R3
	BNE again
done:
	RET

// func normSumsNEON(sumDy, sumDyX, dy, x, mean, rstd []float32, rows int) adds to sumDy and sumDyX.
#define NORM_SUMS \
	FADD4(2, 0, 0); \
	FSUB4(4, 3, 3); \
	FMUL4(5, 3, 3); \
	FMUL4(3, 2, 3); \
	FADD4(3, 1, 1)
#define NORM_SUMS_FOUR \
	VLD1 (R0), [V0.S4]; \
	VLD1 (R1), [V1.S4]; \
	VLD1.P 16(R2), [V2.S4]; \
	VLD1.P 16(R3), [V3.S4]; \
	VLD1.P 16(R5), [V4.S4]; \
	VLD1.P 16(R6), [V5.S4]; \
	NORM_SUMS; \
	VST1.P [V0.S4], 16(R0); \
	VST1.P [V1.S4], 16(R1)
#define NORM_SUMS_ONE \
	FMOVS (R0), F0; \
	FMOVS (R1), F1; \
	FMOVS.P 4(R2), F2; \
	FMOVS.P 4(R3), F3; \
	FMOVS.P 4(R5), F4; \
	FMOVS.P 4(R6), F5; \
	NORM_SUMS; \
	FMOVS.P F0, 4(R0); \
	FMOVS.P F1, 4(R1)
TEXT ·normSumsNEON(SB), NOSPLIT, $0-152
	MOVD sumDy_len+8(FP), R4
	MOVD dy_base+48(FP), R2
	MOVD x_base+72(FP), R3
	MOVD rows+144(FP), R8
	CBZ R4, done
again:
	MOVD sumDy_base+0(FP), R0
	MOVD sumDyX_base+24(FP), R1
	MOVD mean_base+96(FP), R5
	MOVD rstd_base+120(FP), R6
	FOUR_OR_ONE(NORM_SUMS_FOUR, NORM_SUMS_ONE)
	SUBS $1, R8
	BNE again
done:
	RET

// func normGradNEON(dx, dy, x, mean, a, b, c []float32, rows int)
#define NORM_GRAD \
	FSUB4(2, 1, 1); \
	FMUL4(4, 1, 1); \
	FADD4(5, 1, 1); \
	FMUL4(3, 0, 0); \
	FADD4(1, 0, 0)
#define NORM_GRAD_FOUR \
	VLD1.P 16(R1), [V0.S4]; \
	VLD1.P 16(R2), [V1.S4]; \
	VLD1.P 16(R5), [V2.S4]; \
	VLD1.P 16(R6), [V3.S4]; \
	VLD1.P 16(R7), [V4.S4]; \
	VLD1.P 16(R10), [V5.S4]; \
	NORM_GRAD; \
	VST1.P [V0.S4], 16(R0)
#define NORM_GRAD_ONE \
	FMOVS.P 4(R1), F0; \
	FMOVS.P 4(R2), F1; \
	FMOVS.P 4(R5), F2; \
	FMOVS.P 4(R6), F3; \
	FMOVS.P 4(R7), F4; \
	FMOVS.P 4(R10), F5; \
	NORM_GRAD; \
	FMOVS.P F0, 4(R0)
TEXT ·normGradNEON(SB), NOSPLIT, $0-176
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD mean_len+80(FP), R4
	MOVD rows+168(FP), R8
	CBZ R4, done
	CBZ R8, done
again:
	MOVD mean_base+72(FP), R5
	MOVD a_base+96(FP), R6
	MOVD b_base+120(FP), R7
	MOVD c_base+144(FP), R10
	FOUR_OR_ONE(NORM_GRAD_FOUR, NORM_GRAD_ONE)
	SUBS $1, R8
	BNE again
done:
	RET

// Optimizers: their settings are broadcast to V16 and up, and V0 to V3 hold p, m, v and g.

#define SETTING(i, f, v) FMOVS (4*i)(R10), f; VDUP v.S[0], v.S4

// func adamNEON(p, m, v, g []float32, a *Adam)
// V16 is Rate, 17 Beta1, 18 Beta2, 19 Epsilon, 20 MeanScale, 21 VarianceScale, 22 L2, 23 Decay, 24 1-Beta1, 25 1-Beta2.
#define ADAM \
	FMUL4(0, 22, 4); \
	FADD4(4, 3, 3); \
	FMUL4(1, 17, 1); \
	FMUL4(3, 24, 4); \
	FADD4(4, 1, 1); \
	FMUL4(3, 3, 4); \
	FMUL4(4, 25, 4); \
	FMUL4(2, 18, 2); \
	FADD4(4, 2, 2); \
	FMUL4(21, 2, 4); \
	FSQRT4(4, 4); \
	FADD4(19, 4, 4); \
	FMUL4(20, 1, 5); \
	FMUL4(5, 16, 5); \
	FDIV4(4, 5, 5); \
	FMUL4(0, 23, 4); \
	FADD4(4, 5, 5); \
	FSUB4(5, 0, 0)
#define ADAM_FOUR \
	VLD1 (R0), [V0.S4]; \
	VLD1 (R1), [V1.S4]; \
	VLD1 (R2), [V2.S4]; \
	VLD1.P 16(R3), [V3.S4]; \
	ADAM; \
	VST1.P [V0.S4], 16(R0); \
	VST1.P [V1.S4], 16(R1); \
	VST1.P [V2.S4], 16(R2)
#define ADAM_ONE \
	FMOVS (R0), F0; \
	FMOVS (R1), F1; \
	FMOVS (R2), F2; \
	FMOVS.P 4(R3), F3; \
	ADAM; \
	FMOVS.P F0, 4(R0); \
	FMOVS.P F1, 4(R1); \
	FMOVS.P F2, 4(R2)
TEXT ·adamNEON(SB), NOSPLIT, $0-104
	MOVD p_base+0(FP), R0
	MOVD p_len+8(FP), R4
	MOVD m_base+24(FP), R1
	MOVD v_base+48(FP), R2
	MOVD g_base+72(FP), R3
	MOVD a+96(FP), R10
	SETTING(0, F16, V16)
	SETTING(1, F17, V17)
	SETTING(2, F18, V18)
	SETTING(3, F19, V19)
	SETTING(4, F20, V20)
	SETTING(5, F21, V21)
	SETTING(6, F22, V22)
	SETTING(7, F23, V23)
	SETTING(8, F24, V24)
	SETTING(9, F25, V25)
	FOUR_OR_ONE(ADAM_FOUR, ADAM_ONE)
	RET
