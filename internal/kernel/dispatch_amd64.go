package kernel

import "golang.org/x/sys/cpu"

// implementations lists the sets this processor runs, slowest first.
func implementations() []implementation {
	sets := []implementation{portable()}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		sets = append(sets, withAVX2(sets[len(sets)-1]))
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && cpu.X86.HasFMA {
		sets = append(sets, withAVX512(sets[len(sets)-1]))
		if cpu.X86.HasAVX512BF16 && hasMatrixUnit() {
			sets = append(sets, withAMX(sets[len(sets)-1]))
		}
	}
	return sets
}

func withAVX2(set implementation) implementation {
	set.name = "avx2"
	set.product = productKernels{
		rows: 6, cols: 16, vector: 8, tile: tileAVX2, narrow: tileNarrowAVX2, packRows: packRowsAVX2, peak: peakAVX2,
	}
	set.vector = set.vector.withAVX2()
	set.patches = withPatchesAVX2(set.patches)
	return set
}

func withAVX512(set implementation) implementation {
	set.name = "avx512"
	set.product = productKernels{
		rows: 12, cols: 32, vector: 16, slides: true, tile: tileAVX512, narrow: tileNarrowAVX512, packRows: packRowsAVX512,
		pairs: cpu.X86.HasAVX512BF16, packPairs: packPairsAVX512, peak: peakAVX512,
	}
	set.vector = set.vector.withAVX512()
	set.patches = withPatchesAVX512(set.patches)
	return set
}

// withAMX adds the matrix unit to AVX-512. Processors that have one multiply pairs of bfloat16 in vectors more slowly than
// float32, so what does not suit the unit stays float32.
func withAMX(set implementation) implementation {
	set.name = "amx"
	set.product.squares, set.product.pairs = squaresAMX, false
	return set
}
