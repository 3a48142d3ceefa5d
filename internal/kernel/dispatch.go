package kernel

// implementation is one complete set of inner loops. The portable set is the specification; every other set is a copy
// of a slower one with some loops replaced by assembly, so a loop that nobody has written for an instruction set falls
// back on its own. A new kind of loop is one more field here, filled in [portable].
type implementation struct {
	name    string
	product productKernels
	vector  vectorSet
	patches [2]patchTransforms
}

// portable is the set that runs everywhere.
func portable() implementation {
	return implementation{name: "portable", product: portableProduct(), vector: portableVector(), patches: portablePatches()}
}

// active is chosen and checked once, before main, and only tests change it.
var active *implementation

// Active names the instruction set in use: portable, avx2, avx512 or neon.
func Active() string { return active.name }

// Available names the instruction sets this processor runs, slowest first.
func Available() []string {
	var names []string
	for _, set := range implementations() {
		names = append(names, set.name)
	}
	return names
}

// choose returns the set called wanted, or the fastest one when there is none of that name.
func choose(sets []implementation, wanted string) *implementation {
	for i := range sets {
		if sets[i].name == wanted {
			return &sets[i]
		}
	}
	return &sets[len(sets)-1]
}
