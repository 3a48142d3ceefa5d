package kernel

// implementations lists the sets this processor runs, slowest first. Every arm64 processor has NEON.
func implementations() []implementation {
	return []implementation{portable(), withNEON(portable())}
}

// withNEON leaves to the portable tile the columns beyond the last 8, for NEON has no masks.
func withNEON(set implementation) implementation {
	set.name = "neon"
	set.product = productKernels{
		rows: 8, cols: 8, vector: portableCols, tile: tileNEON, narrow: tilePortable, packRows: packRowsNEON, peak: peakNEON,
	}
	set.vector = set.vector.withNEON()
	for i := range set.patches {
		set.patches[i].cost = neonPatchCost
	}
	return set
}
