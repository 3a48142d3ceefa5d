package cpu

import (
	"slices"

	"github.com/siam-go/siam/internal/memory"
)

// plan gives every block its memory: blocks of the arena by lifetime, outputs the memory of a parameter that may be
// donated, where the parameter is not read after the output is written.
func (p *program) plan(inPlace []replacement) {
	for i := range p.outputs {
		p.blocks[p.outputs[i]].last = 1 << 62
	}
	p.takeOver(inPlace)
	p.chooseHosts(inPlace)
	p.dropKept()
	p.layOut()
}

// dropKept keeps nothing that depends on parameters which are updated: these change every time.
func (p *program) dropKept() {
	for i, k := range p.kept {
		if slices.Contains(p.hosts, k.parameter) {
			p.blocks[k.block].kind = arenaBlock
			p.kept[i].parameter = -1
		}
	}
}

// root is the block whose memory r has.
func (p *program) root(r ref) ref {
	for p.blocks[r].same >= 0 {
		r = p.blocks[r].same
	}
	return r
}

// takeOver lets blocks of the arena continue in the memory of one that ends where they begin.
func (p *program) takeOver(inPlace []replacement) {
	taken := map[ref]bool{}
	for _, c := range inPlace {
		old := &p.blocks[p.root(c.old)]
		b := &p.blocks[c.new]
		if b.kind == arenaBlock && old.kind == arenaBlock && b.same < 0 && b.bytes <= old.bytes && old.last == c.step && !taken[c.old] {
			taken[c.old] = true
			b.same = p.root(c.old)
			old.last = b.last
		}
	}
}

// chooseHosts finds for every output a parameter of the same size that it may replace.
func (p *program) chooseHosts(inPlace []replacement) {
	p.hosts = slices.Repeat([]int{-1}, len(p.outputs))
	taken := make([]bool, len(p.parameters))
	host := func(output int, allowed func(b, old *block, r, from ref) bool) {
		b := &p.blocks[p.outputs[output]]
		for i, from := range p.parameters {
			old := &p.blocks[from]
			if p.hosts[output] < 0 && !taken[i] && old.bytes == b.bytes && allowed(b, old, p.outputs[output], from) {
				p.hosts[output], taken[i] = i, true
			}
		}
	}
	for output := range p.outputs { // first those computed from the parameter
		host(output, func(b, old *block, r, from ref) bool {
			return old.last == b.first && slices.Contains(inPlace, replacement{b.first, r, from})
		})
	}
	for output := range p.outputs {
		host(output, func(b, old *block, _, _ ref) bool { return old.last < b.first })
	}
}

// layOut places the blocks of the arena, the largest first, each at the lowest offset that no block alive at the
// same time has.
func (p *program) layOut() {
	var order []*block
	for r := range p.blocks {
		if b := &p.blocks[r]; b.kind == arenaBlock && b.same < 0 {
			order = append(order, b)
		}
	}
	slices.SortStableFunc(order, func(a, b *block) int { return b.bytes - a.bytes })
	var placed []*block // by offset
	for _, b := range order {
		b.offset = 0
		for _, other := range placed {
			if other.first > b.last || b.first > other.last {
				continue
			}
			if b.offset+b.bytes <= other.offset {
				break
			}
			b.offset = max(b.offset, align(other.offset+other.bytes))
		}
		at, _ := slices.BinarySearchFunc(placed, b.offset, func(o *block, offset int) int { return o.offset - offset })
		placed = slices.Insert(placed, at, b)
		p.arenaBytes = max(p.arenaBytes, b.offset+b.bytes)
	}
}

func align(bytes int) int { return (bytes + memory.Alignment - 1) &^ (memory.Alignment - 1) }
