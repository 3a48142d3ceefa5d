#include "textflag.h"

// The tile instructions are bytes, for Go's assembler does not know them. See squaresPortable for what this computes, and
// type squareWork for the offsets.

// Palette 1; eight tiles of 16 rows of 64 bytes.
DATA tiles<>+0(SB)/8, $1
DATA tiles<>+8(SB)/8, $0
DATA tiles<>+16(SB)/8, $0x0040004000400040
DATA tiles<>+24(SB)/8, $0x0040004000400040
DATA tiles<>+32(SB)/8, $0
DATA tiles<>+40(SB)/8, $0
DATA tiles<>+48(SB)/8, $0x1010101010101010
DATA tiles<>+56(SB)/8, $0
GLOBL tiles<>(SB), RODATA|NOPTR, $64

// func squaresAMX(w *squareWork)
//
// Tiles 0 to 3 are the sums, 4 and 5 the rows of a, 6 and 7 the columns of b. They are configured and released within this
// call: Go does not interrupt assembly for another goroutine, and no other code knows tiles.
TEXT ·squaresAMX(SB), NOSPLIT, $0-8
	MOVQ w+0(FP), BX
	LEAQ tiles<>(SB), AX
	BYTE $0xc4; BYTE $0xe2; BYTE $0x78; BYTE $0x49; BYTE $0x00 // ldtilecfg [rax]
	MOVQ 0(BX), R14  // a of a square
	MOVQ 64(BX), DX  // its sums
	MOVQ 72(BX), R15 // squares left
	MOVQ 8(BX), R12  // bytes from a row of a to the next
	MOVQ $128, R8    // bytes from a row of b, and of the sums, to the next

square:
	CMPQ 80(BX), $0
	JEQ  zero
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x04; BYTE $0x02 // tileloadd tmm0, [rdx+r8]
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x4c; BYTE $0x02; BYTE $0x40 // tileloadd tmm1, [rdx+r8+64]
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x94; BYTE $0x02; LONG $0x00000800 // tileloadd tmm2, [rdx+r8+2048]
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x9c; BYTE $0x02; LONG $0x00000840 // tileloadd tmm3, [rdx+r8+2112]
	JMP  begin

zero:
	BYTE $0xc4; BYTE $0xe2; BYTE $0x7b; BYTE $0x49; BYTE $0xc0 // tilezero tmm0
	BYTE $0xc4; BYTE $0xe2; BYTE $0x7b; BYTE $0x49; BYTE $0xc8 // tilezero tmm1
	BYTE $0xc4; BYTE $0xe2; BYTE $0x7b; BYTE $0x49; BYTE $0xd0 // tilezero tmm2
	BYTE $0xc4; BYTE $0xe2; BYTE $0x7b; BYTE $0x49; BYTE $0xd8 // tilezero tmm3

begin:
	MOVQ 40(BX), DI // segment
	MOVQ 48(BX), CX // segments left

segment:
	MOVQ R14, SI
	ADDQ 0(DI), SI
	MOVQ R12, R13
	SHLQ $4, R13
	ADDQ SI, R13    // the 16th row
	MOVQ 32(BX), R9
	ADDQ 8(DI), R9
	MOVQ 56(BX), AX // steps left

step:
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7b; BYTE $0x4b; BYTE $0x24; BYTE $0x26 // tileloadd tmm4, [rsi+r12]
	BYTE $0xc4; BYTE $0x82; BYTE $0x7b; BYTE $0x4b; BYTE $0x6c; BYTE $0x25; BYTE $0x00 // tileloadd tmm5, [r13+r12]
	BYTE $0xc4; BYTE $0x82; BYTE $0x7b; BYTE $0x4b; BYTE $0x34; BYTE $0x01 // tileloadd tmm6, [r9+r8]
	BYTE $0xc4; BYTE $0x82; BYTE $0x7b; BYTE $0x4b; BYTE $0x7c; BYTE $0x01; BYTE $0x40 // tileloadd tmm7, [r9+r8+64]
	BYTE $0xc4; BYTE $0xe2; BYTE $0x4a; BYTE $0x5c; BYTE $0xc4 // tdpbf16ps tmm0, tmm4, tmm6
	BYTE $0xc4; BYTE $0xe2; BYTE $0x42; BYTE $0x5c; BYTE $0xcc // tdpbf16ps tmm1, tmm4, tmm7
	BYTE $0xc4; BYTE $0xe2; BYTE $0x4a; BYTE $0x5c; BYTE $0xd5 // tdpbf16ps tmm2, tmm5, tmm6
	BYTE $0xc4; BYTE $0xe2; BYTE $0x42; BYTE $0x5c; BYTE $0xdd // tdpbf16ps tmm3, tmm5, tmm7
	ADDQ 16(BX), SI
	ADDQ 16(BX), R13
	ADDQ $2048, R9
	DECQ AX
	JNE  step
	ADDQ $16, DI
	DECQ CX
	JNE  segment
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7a; BYTE $0x4b; BYTE $0x04; BYTE $0x02 // tilestored [rdx+r8], tmm0
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7a; BYTE $0x4b; BYTE $0x4c; BYTE $0x02; BYTE $0x40 // tilestored [rdx+r8+64], tmm1
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7a; BYTE $0x4b; BYTE $0x94; BYTE $0x02; LONG $0x00000800 // tilestored [rdx+r8+2048], tmm2
	BYTE $0xc4; BYTE $0xa2; BYTE $0x7a; BYTE $0x4b; BYTE $0x9c; BYTE $0x02; LONG $0x00000840 // tilestored [rdx+r8+2112], tmm3
	ADDQ 24(BX), R14
	ADDQ $4096, DX
	DECQ R15
	JNE  square
	BYTE $0xc4; BYTE $0xe2; BYTE $0x78; BYTE $0x49; BYTE $0xc0 // tilerelease
	RET
