package onnx

import (
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// labelled is a tensor whose axes have letters.
type labelled struct {
	value
	letters []rune
}

// einsum sums products over all letters that the result lacks. Products are made from left to right.
func einsum(c *call) []value {
	terms, result := c.equation()
	all := make([]labelled, len(c.in))
	for i := range all {
		all[i] = c.diagonal(labelled{c.operand(i), terms[i]})
	}
	product := all[0]
	for i, next := range all[1:] {
		needed := slices.Clone(result)
		for _, later := range all[i+2:] {
			needed = append(needed, later.letters...)
		}
		product = product.only(next.letters, needed).times(next.only(product.letters, needed), needed)
	}
	product = product.only(nil, result)
	order := make([]int, len(result))
	for i, letter := range result {
		order[i] = slices.Index(product.letters, letter)
		if order[i] < 0 {
			fail("the result of %q has a letter that no operand has", c.text("equation", ""))
		}
	}
	return []value{product.permuted(order)}
}

// equation reads what letters the axes of the operands and of the result have; an ellipsis becomes letters of its own.
func (c *call) equation() (terms [][]rune, result []rune) {
	text := strings.ReplaceAll(c.text("equation", ""), " ", "")
	left, right, explicit := strings.Cut(text, "->")
	parts := strings.Split(left, ",")
	if len(parts) != len(c.in) || len(c.in) == 0 {
		fail("the equation %q is not for %d operands", text, len(c.in))
	}
	most := 0 // axes that an ellipsis stands for
	for i, part := range parts {
		if strings.Contains(part, "...") {
			most = max(most, c.arg(i).rank()-len(part)+3)
		}
	}
	var all []rune
	for i, part := range parts {
		letters := spelled(part, c.arg(i).rank(), most)
		if len(letters) != c.arg(i).rank() {
			fail("the equation %q has %q for shape %v", text, part, c.arg(i).dims())
		}
		terms, all = append(terms, letters), append(all, letters...)
	}
	if explicit {
		return terms, spelled(right, most+len(strings.ReplaceAll(right, "...", "")), most)
	}
	return terms, implied(all)
}

// spelled are the letters of a term for a tensor of so many axes; those that an ellipsis stands for become the last of most digits.
func spelled(term string, rank, most int) []rune {
	before, after, dots := strings.Cut(term, "...")
	letters := []rune(before)
	if dots {
		hidden := rank - len(before) - len(after)
		for i := range hidden {
			letters = append(letters, rune('0'+most-hidden+i))
		}
	}
	return append(letters, []rune(after)...)
}

// implied is the result that an equation without arrow means: what an ellipsis stands for, then the letters that occur once.
func implied(all []rune) []rune {
	var result []rune
	slices.Sort(all)
	for _, letter := range all {
		if letter <= '9' && !slices.Contains(result, letter) || strings.Count(string(all), string(letter)) == 1 {
			result = append(result, letter)
		}
	}
	return result
}

// diagonal leaves one axis of each letter: where two axes have one letter, only their equal places count.
func (c *call) diagonal(x labelled) labelled {
	for i := 0; i < len(x.letters); i++ {
		j := slices.Index(x.letters[i+1:], x.letters[i])
		if j < 0 {
			continue
		}
		j += i + 1
		places := x.node.Shape().Clone()
		places.DType = dtypes.Int64
		equal := Equal(Iota(c.graph(), places, x.axes[i]), Iota(c.graph(), places, x.axes[j]))
		x.node = Where(equal, x.node, zero(x.node))
		x = x.without(j)
		i--
	}
	return x
}

// only sums over the letters that neither other nor needed has.
func (x labelled) only(other, needed []rune) labelled {
	for i := len(x.letters) - 1; i >= 0; i-- {
		if !slices.Contains(other, x.letters[i]) && !slices.Contains(needed, x.letters[i]) {
			x = x.without(i)
		}
	}
	return x
}

// without sums over axis i.
func (x labelled) without(i int) labelled {
	gone := x.axes[i]
	y := labelled{value{node: ReduceSum(x.node, gone)}, slices.Delete(slices.Clone(x.letters), i, i+1)}
	y.axes = slices.Delete(slices.Clone(x.axes), i, i+1)
	for k, axis := range y.axes {
		if axis > gone {
			y.axes[k]--
		}
	}
	return y
}

// times multiplies two tensors and sums over the letters that both have and that are not needed any more.
func (x labelled) times(y labelled, needed []rune) labelled {
	var batch, summed [2][]int
	var z labelled
	for i, letter := range x.letters {
		j := slices.Index(y.letters, letter)
		switch {
		case j < 0:
		case slices.Contains(needed, letter):
			batch[0], batch[1] = append(batch[0], x.axes[i]), append(batch[1], y.axes[j])
			z.letters = append(z.letters, letter)
		default:
			summed[0], summed[1] = append(summed[0], x.axes[i]), append(summed[1], y.axes[j])
		}
	}
	z.node = DotGeneral(x.node, summed[0], batch[0], y.node, summed[1], batch[1])
	z.letters = append(z.letters, x.inMemoryWithout(y.letters)...)
	z.letters = append(z.letters, y.inMemoryWithout(x.letters)...)
	z.axes = identity(len(z.letters))
	return z
}

// inMemoryWithout are the letters that another tensor lacks, in the order of their axes in memory.
func (x labelled) inMemoryWithout(other []rune) []rune {
	var letters []rune
	for _, i := range inMemory(x.axes) {
		if !slices.Contains(other, x.letters[i]) {
			letters = append(letters, x.letters[i])
		}
	}
	return letters
}
