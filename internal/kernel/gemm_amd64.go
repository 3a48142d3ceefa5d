package kernel

//go:generate go -C ../../asm run ./gemm -out ../internal/kernel/gemm_amd64.s

// tileAVX512 is tilePortable for up to 12 rows of 32 columns.
func tileAVX512(rows int, t *tile)

// tileAVX2 is tilePortable for up to 6 rows of 16 columns.
func tileAVX2(rows int, t *tile)

// tileNarrowAVX512 is tilePortable for up to 12 rows of up to 16 columns.
func tileNarrowAVX512(rows int, t *tile)

// tileNarrowAVX2 is tilePortable for up to 6 rows of up to 8 columns.
func tileNarrowAVX2(rows int, t *tile)

// peakAVX512 runs n times 24 independent multiply-adds of 16 numbers.
func peakAVX512(n int)

// peakAVX2 runs n times 12 independent multiply-adds of 8 numbers.
func peakAVX2(n int)

// packRowsAVX512 is packRowsPortable for 32 columns.
func packRowsAVX512(dst, src *float32, n, stride int)

// packRowsAVX2 is packRowsPortable for 16 columns.
func packRowsAVX2(dst, src *float32, n, stride int)

// packPairsAVX512 is packPairsPortable for 32 columns.
func packPairsAVX512(dst, a, b *float32, n, stride int)
