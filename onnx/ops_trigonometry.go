package onnx

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Functions of angles and of hyperbolas, which GoMLX has not, made of those that it has.

func tan(x *Node) *Node { return Div(Sin(x), Cos(x)) }

// sinh is (eˣ − e⁻ˣ)/2, exact near 0.
func sinh(x *Node) *Node {
	s := Expm1(x)
	return MulScalar(Add(s, Div(s, OnePlus(s))), 0.5)
}

func cosh(x *Node) *Node { return MulScalar(Add(Exp(x), Exp(Neg(x))), 0.5) }

// asinh is ±log(|x| + √(x² + 1)), exact near 0.
func asinh(x *Node) *Node {
	square := Square(x)
	return Mul(Sign(x), Log1p(Add(Abs(x), Div(square, OnePlus(Sqrt(OnePlus(square)))))))
}

func acosh(x *Node) *Node { return Log(Add(x, Sqrt(MinusOne(Square(x))))) }

func atanh(x *Node) *Node { return MulScalar(Log1p(Div(MulScalar(x, 2), OneMinus(x))), 0.5) }

// atan is within 2e-8 for arguments up to 1 in magnitude (Abramowitz and Stegun, 4.4.49), and π/2 − atan(1/x) beyond.
func atan(x *Node) *Node {
	magnitude := Abs(x)
	large := GreaterThan(magnitude, ScalarOne(x.Graph(), x.DType()))
	inner := Where(large, Reciprocal(magnitude), magnitude)
	square := Square(inner)
	sum := ZerosLike(x)
	for _, coefficient := range []float64{
		.0028662257, -.0161657367, .0429096138, -.0752896400, .1065626393, -.1420889944, .1999355085, -.3333314528, 1,
	} {
		sum = AddScalar(Mul(sum, square), coefficient)
	}
	angle := Mul(sum, inner)
	return Mul(Sign(x), Where(large, AddScalar(Neg(angle), math.Pi/2), angle))
}

func asin(x *Node) *Node { return MulScalar(atan(Div(x, OnePlus(Sqrt(OneMinus(Square(x)))))), 2) }

func acos(x *Node) *Node { return AddScalar(Neg(asin(x)), math.Pi/2) }
