package train

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Optimizer turns a gradient into a change of weights.
type Optimizer interface {
	// Scalars are the numbers, as many each time, that the graph gets fed with update number t, from 1. They change from
	// step to step without a new compilation.
	Scalars(t int) []float32
	// Update sets the new value of u.Variable in the graph. The optimizer's memory is variables in u.Scope.
	Update(u Update)
}

// Update is one variable's part of a step. Rate, Momentum and Scalars are scalars, the gradient has the variable's shape.
type Update struct {
	Scope          *model.Scope
	Variable       *model.Variable
	Gradient       *Node
	Rate, Momentum *Node
	Scalars        []*Node
}

// Memory is a variable of the optimizer's, like u.Variable, that begins as zeros.
func (u Update) Memory(name string) *model.Variable {
	shape := u.Variable.Shape()
	if v := u.Scope.GetVariable(name); v != nil {
		return v.SetTrainable(false)
	}
	return u.Scope.VariableWithValue(name, tensors.FromShape(shape)).SetTrainable(false)
}

// SGD is gradient descent with momentum, each layer with its own rate η and momentum μ (Koch et al. 2015, section 3.2,
// without its misprints):
//
//	v ← μ v − η g,   w ← w + v
type SGD struct{}

// Scalars implements [Optimizer].
func (SGD) Scalars(int) []float32 { return nil }

// Update implements [Optimizer].
func (SGD) Update(u Update) {
	velocity := u.Memory("velocity")
	v := Sub(Mul(velocity.NodeValue(u.Gradient), u.Momentum), Mul(u.Gradient, u.Rate))
	velocity.SetNodeValue(v)
	u.Variable.SetNodeValue(Add(u.Variable.NodeValue(u.Gradient), v))
}

// Adam is the optimizer of Kingma and Ba 2015, as PyTorch has it; a layer's momentum setting has no part in it.
//
//	m ← β₁ m + (1−β₁) g,   s ← β₂ s + (1−β₂) g²,   w ← w − η m̂ / (√ŝ + ε)
//
// where m̂ and ŝ are m and s over 1−β₁ᵗ and 1−β₂ᵗ.
type Adam struct {
	Beta1, Beta2, Epsilon float64
	// Decay above 0 makes it AdamW (Loshchilov and Hutter 2019): weights, though not biases and scales, shrink by the
	// factor 1 − η·Decay in each step besides.
	Decay float64
}

// NewAdam has the customary settings: β₁ 0.9, β₂ 0.999, ε 1e-8, no decay.
func NewAdam() Adam { return Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8} }

// NewAdamW is [NewAdam] with weight decay; 0.01 is customary.
func NewAdamW(decay float64) Adam {
	a := NewAdam()
	a.Decay = decay
	return a
}

// Scalars implements [Optimizer]: 1/(1−β₁ᵗ) and 1/√(1−β₂ᵗ).
func (a Adam) Scalars(t int) []float32 {
	first := 1 / (1 - math.Pow(a.Beta1, float64(t)))
	second := 1 / math.Sqrt(1-math.Pow(a.Beta2, float64(t)))
	return []float32{float32(first), float32(second)}
}

// Update implements [Optimizer].
func (a Adam) Update(u Update) {
	first, second := u.Memory("first_moment"), u.Memory("second_moment")
	g := u.Gradient
	m := Add(MulScalar(first.NodeValue(g), a.Beta1), MulScalar(g, 1-a.Beta1))
	s := Add(MulScalar(second.NodeValue(g), a.Beta2), MulScalar(Square(g), 1-a.Beta2))
	first.SetNodeValue(m)
	second.SetNodeValue(s)
	change := Div(Mul(m, Mul(u.Rate, u.Scalars[0])), AddScalar(Mul(Sqrt(s), u.Scalars[1]), a.Epsilon))
	w := u.Variable.NodeValue(g)
	if a.Decay > 0 && w.Rank() >= 2 {
		w = Sub(w, Mul(w, MulScalar(u.Rate, a.Decay)))
	}
	u.Variable.SetNodeValue(Sub(w, change))
}
