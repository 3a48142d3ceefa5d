package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// stripOf is how many vectors of columns fit the registers, given how many registers one needs.
func (e *emitter) stripOf(registers int) int {
	if e.avx512 {
		return min(4, 28/registers)
	}
	return min(4, 13/registers)
}

func (e *emitter) normalisation() {
	e.moments()
	e.normalize("normalize", false)
	e.normalize("normalizeRelu", true)
	e.normSums()
	e.normGrad()
}

func (e *emitter) moments() {
	e.function("moments", "(sums, squares, x []float32, rows int)")
	sums, squares, x := e.pointer("sums"), e.pointer("squares"), e.pointer("x")
	c, rows := e.length("sums"), e.integer("rows")
	count, inverse, one := e.vec(), e.vec(), e.register(1)
	low := XMM()
	VXORPS(low, low, low)
	VCVTSI2SSQ(rows, low, low)
	VBROADCASTSS(low, count)
	VDIVPS(count, one, inverse)
	e.columnStrips(c, e.stripOf(3), func(j reg.Register, vectors int) {
		acc := make([]reg.VecVirtual, vectors)
		for k := range acc {
			acc[k] = e.zero()
		}
		e.eachRow(rows, c, j, []reg.GPVirtual{x}, func(p []reg.GPVirtual) {
			for k := range acc {
				VADDPS(e.load(e.part(p[0], k)), acc[k], acc[k])
			}
		})
		e.storeStrip(acc, sums, j)
		mean := make([]reg.VecVirtual, vectors)
		for k := range acc {
			mean[k] = e.mul(acc[k], inverse)
			VXORPS(acc[k], acc[k], acc[k])
		}
		e.eachRow(rows, c, j, []reg.GPVirtual{x}, func(p []reg.GPVirtual) {
			for k := range acc {
				d := e.sub(e.load(e.part(p[0], k)), mean[k])
				VADDPS(e.mul(d, d), acc[k], acc[k])
			}
		})
		e.storeStrip(acc, squares, j)
	})
	e.end()
}

func (e *emitter) normalize(name string, relu bool) {
	e.function(name, "(y, x, mean, scale, shift []float32, rows int)")
	y, x, c, rows := e.pointer("y"), e.pointer("x"), e.length("mean"), e.integer("rows")
	mean, scale, shift := e.pointer("mean"), e.pointer("scale"), e.pointer("shift")
	zero := e.zero()
	e.columnStrips(c, e.stripOf(3), func(j reg.Register, vectors int) {
		m, a, b := e.loadStrip(mean, j, vectors), e.loadStrip(scale, j, vectors), e.loadStrip(shift, j, vectors)
		e.eachRow(rows, c, j, []reg.GPVirtual{y, x}, func(p []reg.GPVirtual) {
			for k := range vectors {
				v := e.add(e.mul(e.sub(e.load(e.part(p[1], k)), m[k]), a[k]), b[k])
				if relu {
					v = e.relu(v, zero)
				}
				e.store(v, e.part(p[0], k))
			}
		})
	})
	e.end()
}

func (e *emitter) normSums() {
	e.function("normSums", "(sumDy, sumDyX, dy, x, mean, rstd []float32, rows int)")
	sumDy, sumDyX, dy, x := e.pointer("sumDy"), e.pointer("sumDyX"), e.pointer("dy"), e.pointer("x")
	mean, rstd, c, rows := e.pointer("mean"), e.pointer("rstd"), e.length("mean"), e.integer("rows")
	e.columnStrips(c, e.stripOf(4), func(j reg.Register, vectors int) {
		m, s := e.loadStrip(mean, j, vectors), e.loadStrip(rstd, j, vectors)
		total, totalX := make([]reg.VecVirtual, vectors), make([]reg.VecVirtual, vectors)
		for k := range vectors {
			total[k], totalX[k] = e.zero(), e.zero()
		}
		e.eachRow(rows, c, j, []reg.GPVirtual{dy, x}, func(p []reg.GPVirtual) {
			for k := range vectors {
				g := e.load(e.part(p[0], k))
				normal := e.mul(e.sub(e.load(e.part(p[1], k)), m[k]), s[k])
				VADDPS(g, total[k], total[k])
				VADDPS(e.mul(g, normal), totalX[k], totalX[k])
			}
		})
		e.storeStrip(total, sumDy, j)
		e.storeStrip(totalX, sumDyX, j)
	})
	e.end()
}

func (e *emitter) normGrad() {
	e.function("normGrad", "(dx, dy, x, mean, a, b, c []float32, rows int)")
	dx, dy, x, n, rows := e.pointer("dx"), e.pointer("dy"), e.pointer("x"), e.length("mean"), e.integer("rows")
	mean, pa, pb, pc := e.pointer("mean"), e.pointer("a"), e.pointer("b"), e.pointer("c")
	e.columnStrips(n, e.stripOf(4), func(j reg.Register, vectors int) {
		m, a := e.loadStrip(mean, j, vectors), e.loadStrip(pa, j, vectors)
		b, c := e.loadStrip(pb, j, vectors), e.loadStrip(pc, j, vectors)
		e.eachRow(rows, n, j, []reg.GPVirtual{dx, dy, x}, func(p []reg.GPVirtual) {
			for k := range vectors {
				rest := e.add(e.mul(e.sub(e.load(e.part(p[2], k)), m[k]), b[k]), c[k])
				e.store(e.add(e.mul(e.load(e.part(p[1], k)), a[k]), rest), e.part(p[0], k))
			}
		})
	})
	e.end()
}
