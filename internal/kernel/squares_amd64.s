#include "textflag.h"

// The tile instructions are bytes, for Go's assembler does not know them. See squaresPortable for what this computes, and
// type squareWork for the offsets.

// Palette 1; four tiles of 16 rows of 64 bytes.
DATA tiles<>+0(SB)/8, $1
DATA tiles<>+8(SB)/8, $0
DATA tiles<>+16(SB)/8, $0x0040004000400040
DATA tiles<>+24(SB)/8, $0
DATA tiles<>+32(SB)/8, $0
DATA tiles<>+40(SB)/8, $0
DATA tiles<>+48(SB)/8, $0x10101010
DATA tiles<>+56(SB)/8, $0
GLOBL tiles<>(SB), RODATA|NOPTR, $64

// func squaresAMX(w *squareWork)
//
// First come the left halves of all squares, then the right ones. Tiles 0 and 1 are the sums, 2 is rows of a and 3 columns of b. Four
// tiles for sums and four for operands need a third fewer loads; but while the core's other thread is busy, tiles in use
// leave few to rename, so that loads wait for products, and such a loop takes twice as long as this one.
//
// Tiles are configured and released within this call: Go does not interrupt assembly for another goroutine, and no other
// code knows tiles.
TEXT ·squaresAMX(SB), NOSPLIT, $0-8
	MOVQ w+0(FP), BX
	LEAQ tiles<>(SB), AX
	BYTE $0xc4; BYTE $0xe2; BYTE $0x78; BYTE $0x49; BYTE $0x00 // ldtilecfg [rax]
	MOVQ 32(BX), R10 // b of a half
	MOVQ 64(BX), R11 // its sums
	MOVQ 8(BX), R12  // bytes from a row of a to the next
	MOVQ $128, R8    // bytes from a row of b, and of the sums, to the next

half:
	MOVQ 0(BX), R14  // a of a square
	MOVQ R11, DX     // its sums
	MOVQ 72(BX), R15 // squares left

square:
	CMPQ 80(BX), $0
	JEQ  zero
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x04; BYTE $0x02 // tileloadd tmm0, [rdx+r8]
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x8c; BYTE $0x02; LONG $0x00000800 // tileloadd tmm1, [rdx+r8+2048]
	JMP  begin

zero:
	BYTE $0xc4; BYTE $0xe2; BYTE $0x7b; BYTE $0x49; BYTE $0xc0 // tilezero tmm0
	BYTE $0xc4; BYTE $0xe2; BYTE $0x7b; BYTE $0x49; BYTE $0xc8 // tilezero tmm1

begin:
	MOVQ 40(BX), DI // segment
	MOVQ 48(BX), CX // segments left

segment:
	MOVQ R14, SI
	ADDQ 0(DI), SI
	MOVQ R12, R13
	SHLQ $4, R13
	ADDQ SI, R13    // the 16th row
	MOVQ R10, R9
	ADDQ 8(DI), R9
	MOVQ 56(BX), AX // steps left

step:
	BYTE $0xc4; BYTE $0x82; BYTE $0x7b; BYTE $0x4b; BYTE $0x1c; BYTE $0x01 // tileloadd tmm3, [r9+r8]
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x14; BYTE $0x26 // tileloadd tmm2, [rsi+r12]
	BYTE $0xc4; BYTE $0xe2; BYTE $0x62; BYTE $0x5c; BYTE $0xc2 // tdpbf16ps tmm0, tmm2, tmm3
	BYTE $0xc4; BYTE $0x82; BYTE $0x7b; BYTE $0x4b; BYTE $0x54; BYTE $0x25; BYTE $0x00 // tileloadd tmm2, [r13+r12]
	BYTE $0xc4; BYTE $0xe2; BYTE $0x62; BYTE $0x5c; BYTE $0xca // tdpbf16ps tmm1, tmm2, tmm3
	ADDQ 16(BX), SI
	ADDQ 16(BX), R13
	ADDQ $2048, R9
	DECQ AX
	JNE  step
	ADDQ $16, DI
	DECQ CX
	JNE  segment
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7a; BYTE $0x4b; BYTE $0x04; BYTE $0x02 // tilestored [rdx+r8], tmm0
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7a; BYTE $0x4b; BYTE $0x8c; BYTE $0x02; LONG $0x00000800 // tilestored [rdx+r8+2048], tmm1
	ADDQ 24(BX), R14
	ADDQ $4096, DX
	DECQ R15
	JNE  square
	ADDQ $64, R10
	ADDQ $64, R11
	MOVQ R10, AX
	SUBQ 32(BX), AX
	CMPQ AX, $128
	JNE  half
	BYTE $0xc4; BYTE $0xe2; BYTE $0x78; BYTE $0x49; BYTE $0xc0 // tilerelease
	RET
