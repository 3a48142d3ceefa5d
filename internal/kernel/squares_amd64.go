package kernel

// squaresAMX is squaresPortable, but that it rounds the sum of the two products of a pair once, and takes and gives 0 for
// numbers below the normal ones.
//
//go:noescape
func squaresAMX(w *squareWork)
