package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

var reduceNames = [reduceOps]string{"Sum", "Max", "Min"}

// exactReduce is the definition of the reductions, in float64.
func exactReduce(op ReduceOp, x []float32) float64 {
	total := reduceStart(op)
	for _, v := range x {
		switch op {
		case ReduceSum:
			total += float64(v)
		case ReduceMax:
			total = math.Max(total, float64(v))
		case ReduceMin:
			total = math.Min(total, float64(v))
		}
	}
	return total
}

func TestReduceAgreesWithFloat64(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		for _, n := range append(upTo(150), BlockLen-1, BlockLen, BlockLen+1, 3*BlockLen+77) {
			x := normals(rng, n, 1)
			for op, name := range reduceNames {
				got, want := Reduce(ReduceOp(op), x), exactReduce(ReduceOp(op), x)
				if math.Abs(float64(got)-want) > 1e-5*float64(1+n)*1e-1 || op != int(ReduceSum) && float64(got) != want {
					t.Errorf("%s(n=%d) = %v, want %v", name, n, got, want)
				}
			}
		}
	})
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func TestReduceGivesThePortableLoopsBits(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 1))
		for n := range 200 {
			for _, x := range [][]float32{normals(rng, n, 0), numbers(rng, n)} {
				y := normals(rng, n, 0)
				reductions := func() (list []float32) {
					for op := range reduceNames {
						list = append(list, Reduce(ReduceOp(op), x))
					}
					return append(list, Dot(x, y))
				}
				got, want := reductions(), []float32(nil)
				withPortable(func() { want = reductions() })
				for i, name := range []string{"Sum", "Max", "Min", "Dot"} {
					if !sameBits(got[i], want[i]) && (i < 3 || ulps(got[i], want[i]) > 1) {
						t.Fatalf("%s(n=%d) = %v, want %v", name, n, got[i], want[i])
					}
				}
			}
		}
	})
}

func TestMaxAndMinGiveNaNWhereverItStands(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for at := range 130 {
			x := normals(rand.New(rand.NewPCG(3, 1)), 130, 0)
			x[at] = float32(math.NaN())
			for op := ReduceMax; op <= ReduceMin; op++ {
				if got := Reduce(op, x); got == got {
					t.Errorf("%s with NaN at %d = %v, want NaN", reduceNames[op], at, got)
				}
			}
		}
	})
}

func TestSumOfTenMillionNumbersKeepsSixDigits(t *testing.T) {
	x := make([]float32, 10_000_000)
	for i := range x {
		x[i] = 0.1
	}
	want := float64(x[0]) * float64(len(x))
	if got := Reduce(ReduceSum, x); math.Abs(float64(got)-want) > 1e-6*want {
		t.Errorf("Sum of 1e7 × 0.1 = %v, want %v", got, want)
	}
}

func TestReduceDoesNotDependOnTheDivision(t *testing.T) {
	x := normals(rand.New(rand.NewPCG(4, 1)), 7*BlockLen+123, 0)
	partials := make([]float32, Blocks(len(x), BlockLen))
	for op, name := range reduceNames {
		op := ReduceOp(op)
		want := Reduce(op, x)
		for cut := range len(partials) {
			ReduceBlocks(op, partials[:cut], x[:cut*BlockLen])
			ReduceBlocks(op, partials[cut:], x[cut*BlockLen:])
			if got := ReducePartials(op, partials); got != want {
				t.Errorf("%s cut at block %d = %v, want %v", name, cut, got, want)
			}
		}
	}
}

func TestReduceRowsIsReduceOfEachRow(t *testing.T) {
	x := normals(rand.New(rand.NewPCG(5, 1)), 7*33, 0)
	got := make([]float32, 7)
	ReduceRows(ReduceSum, got, x)
	for r, v := range got {
		if want := Reduce(ReduceSum, x[r*33:(r+1)*33]); v != want {
			t.Errorf("ReduceRows[%d] = %v, want %v", r, v, want)
		}
	}
}

func TestReduceColumnsAgreesWithFloat64AndThePortableLoop(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 1))
		for _, rows := range []int{1, 2, BlockRows, 2*BlockRows + 5} {
			for c := 1; c < 150; c += 1 + c/40 {
				x := normals(rng, rows*c, 0)
				for op, name := range reduceNames {
					op := ReduceOp(op)
					got, check := fenced(t, make([]float32, Blocks(rows, BlockRows)*c), 12345)
					want := make([]float32, len(got))
					ReduceColumns(op, got, x, c)
					check(name)
					withPortable(func() { ReduceColumns(op, want, x, c) })
					for i := range got {
						if !sameBits(got[i], want[i]) {
							t.Fatalf("%s columns [%d, %d] partial %d = %v, want %v", name, rows, c, i, got[i], want[i])
						}
					}
					total := make([]float32, c)
					CombineColumns(op, total, got)
					column := make([]float32, rows)
					for r := range column {
						column[r] = x[r*c+c-1]
					}
					if exact := exactReduce(op, column); math.Abs(float64(total[c-1])-exact) > 1e-4 {
						t.Fatalf("%s columns [%d, %d] last = %v, want %v", name, rows, c, total[c-1], exact)
					}
				}
			}
		}
	})
}

func TestSumsOfSquaresInBlocksAreDots(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, n := range []int{1, 17, BlockLen, 2*BlockLen + 5} {
			x := randomFloats(uint64(n), n)
			partials := make([]float32, Blocks(n, BlockLen))
			SquareBlocks(partials, x)
			if got, want := ReducePartials(ReduceSum, partials), Dot(x, x); got != want {
				t.Errorf("SquareBlocks(n=%d) sums to %v, want %v", n, got, want)
			}
		}
	})
}
