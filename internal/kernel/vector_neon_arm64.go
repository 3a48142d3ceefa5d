package kernel

// The loops of vector_neon_arm64.s. Each is the portable loop of its name, but for those that vector_arm64.go explains.

//go:noescape
func addNEON(dst, a, b []float32, rows, cols, aStep, bStep int)

//go:noescape
func subNEON(dst, a, b []float32, rows, cols, aStep, bStep int)

//go:noescape
func mulNEON(dst, a, b []float32, rows, cols, aStep, bStep int)

//go:noescape
func divNEON(dst, a, b []float32, rows, cols, aStep, bStep int)

//go:noescape
func maxNEON(dst, a, b []float32, rows, cols, aStep, bStep int)

//go:noescape
func minNEON(dst, a, b []float32, rows, cols, aStep, bStep int)

//go:noescape
func addScalarNEON(dst, x []float32, s float32)

//go:noescape
func scalarAddNEON(dst, x []float32, s float32)

//go:noescape
func subScalarNEON(dst, x []float32, s float32)

//go:noescape
func scalarSubNEON(dst, x []float32, s float32)

//go:noescape
func mulScalarNEON(dst, x []float32, s float32)

//go:noescape
func scalarMulNEON(dst, x []float32, s float32)

//go:noescape
func divScalarNEON(dst, x []float32, s float32)

//go:noescape
func scalarDivNEON(dst, x []float32, s float32)

//go:noescape
func maxScalarNEON(dst, x []float32, s float32)

//go:noescape
func scalarMaxNEON(dst, x []float32, s float32)

//go:noescape
func minScalarNEON(dst, x []float32, s float32)

//go:noescape
func scalarMinNEON(dst, x []float32, s float32)

//go:noescape
func absNEON(dst, x []float32)

//go:noescape
func negNEON(dst, x []float32)

//go:noescape
func squareNEON(dst, x []float32)

//go:noescape
func sqrtNEON(dst, x []float32)

//go:noescape
func rsqrtNEON(dst, x []float32)

//go:noescape
func reciprocalNEON(dst, x []float32)

//go:noescape
func reluNEON(dst, x []float32)

//go:noescape
func axpyNEON(dst, x, y []float32, s float32)

//go:noescape
func reluGradNEON(dst, dy, x []float32)

//go:noescape
func takeMaxNEON(best, x []float32)

//go:noescape
func sumLanesNEON(acc *[lanes]float32, x []float32)

//go:noescape
func maxLanesNEON(acc *[lanes]float32, x []float32)

//go:noescape
func minLanesNEON(acc *[lanes]float32, x []float32)

//go:noescape
func dotLanesNEON(acc *[lanes]float32, a, b []float32)

//go:noescape
func normalizeNEON(y, x, mean, scale, shift []float32, rows int)

//go:noescape
func normalizeReluNEON(y, x, mean, scale, shift []float32, rows int)

//go:noescape
func deviationsNEON(squares, sums, x []float32, rows int, inverse float32)

//go:noescape
func normSumsNEON(sumDy, sumDyX, dy, x, mean, rstd []float32, rows int)

//go:noescape
func normGradNEON(dx, dy, x, mean, a, b, c []float32, rows int)

//go:noescape
func adamNEON(p, m, v, g []float32, a *Adam)
