package cpu

import "math"

// Batch normalisation in float64, channel by channel. It is the definition; see ops_norm.go for the fast one.

// channel64 visits the elements of one channel of a tensor [outer, channels, inner].
type channel64 struct{ outer, channels, inner int }

func (n *node) channel64() channel64 {
	shape, axis := n.inputs[0].shape, n.attrs.(batchNormAttrs).axis
	return channel64{product(shape.Dimensions[:axis]), shape.Dimensions[axis], product(shape.Dimensions[axis+1:])}
}

func (s channel64) size() int { return s.outer * s.inner }

// each calls visit with the position of every element of a channel.
func (s channel64) each(channel int, visit func(at int)) {
	for o := range s.outer {
		first := (o*s.channels + channel) * s.inner
		for at := first; at < first+s.inner; at++ {
			visit(at)
		}
	}
}

// moments is the mean and the biased variance of a channel.
func (s channel64) moments(x []float64, channel int) (mean, variance float64) {
	s.each(channel, func(at int) { mean += x[at] })
	mean /= float64(s.size())
	s.each(channel, func(at int) { variance += (x[at] - mean) * (x[at] - mean) })
	return mean, variance / float64(s.size())
}

// normalize computes y = (x − mean)/√(variance+ε)·scale + offset for one channel.
func (s channel64) normalize(y, x []float64, channel int, mean, variance, epsilon, scale, offset float64) {
	factor := scale / math.Sqrt(variance+epsilon)
	s.each(channel, func(at int) { y[at] = (x[at]-mean)*factor + offset })
}

// perChannel emits a task whose units are channels; run gets the operands, then the results.
func perChannel(c *compiler, n *node, run func(s channel64, epsilon float64, channel int, mem [][]float64)) bool {
	s, epsilon := n.channel64(), float64(n.attrs.(batchNormAttrs).epsilon)
	var refs []ref
	for _, v := range n.inputs {
		refs = append(refs, c.in(v))
	}
	for _, v := range n.outputs {
		refs = append(refs, c.out(v))
	}
	c.emit(s.channels, 4*s.channels*s.size(), func(fr *frame, _, lo, hi int) {
		mem := make([][]float64, len(refs))
		for i, r := range refs {
			mem[i] = as[float64](fr.mem[r])
		}
		for channel := lo; channel < hi; channel++ {
			run(s, epsilon, channel, mem)
		}
	})
	return true
}

func lowerBatchNormTraining64(c *compiler, n *node) bool {
	return perChannel(c, n, func(s channel64, epsilon float64, j int, mem [][]float64) {
		x, scale, offset, y := mem[0], mem[1], mem[2], mem[3]
		mean, variance := s.moments(x, j)
		mem[4][j], mem[5][j] = mean, variance
		s.normalize(y, x, j, mean, variance, epsilon, scale[j], offset[j])
	})
}

func lowerBatchNormInference64(c *compiler, n *node) bool {
	return perChannel(c, n, func(s channel64, epsilon float64, j int, mem [][]float64) {
		x, scale, offset, mean, variance := mem[0], mem[1], mem[2], mem[3], mem[4]
		s.normalize(mem[5], x, j, mean[j], variance[j], epsilon, scale[j], offset[j])
	})
}

func lowerBatchNormGradient64(c *compiler, n *node) bool {
	return perChannel(c, n, func(s channel64, epsilon float64, j int, mem [][]float64) {
		x, dy, dx := mem[0], mem[4], mem[5]
		scale, mean, rstd := mem[1][j], mem[2][j], 1/math.Sqrt(mem[3][j]+epsilon)
		var sum, sumX float64
		s.each(j, func(at int) { sum, sumX = sum+dy[at], sumX+dy[at]*(x[at]-mean)*rstd })
		mem[6][j], mem[7][j] = sumX, sum
		size := float64(s.size())
		s.each(j, func(at int) { dx[at] = scale * rstd * (dy[at] - sum/size - (x[at]-mean)*rstd*sumX/size) })
	})
}
