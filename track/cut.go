package track

import "slices"

// cut parts short tracks where by their looks somebody else goes on, as where two cross and one of them is hidden: what was linked box by box is judged
// once more with all that is on both sides. The parts are joined again where nothing better is found.
func (o Offline) cut(tracks [][]seen) (all [][]seen) {
	o = o.alike(tracks)
	rest := slices.Clone(tracks)
	for len(rest) > 0 {
		t := rest[len(rest)-1]
		rest = rest[:len(rest)-1]
		if at := o.turn(t); at > 0 {
			rest = append(rest, t[:at:at], t[at:])
			continue
		}
		all = append(all, t)
	}
	return all
}

// turn is where the two parts of a track look least alike; 0 where all is as likely to be of one object.
func (o Offline) turn(t []seen) (at int) {
	var before, after sum
	for _, d := range t {
		after.add(d.look, 1)
	}
	most := 0.0
	for i, d := range t {
		if i >= parts && i <= len(t)-parts {
			if cost := o.differ(apart(before.look(), after.look())); cost > most {
				at, most = i, cost
			}
		}
		before.add(d.look, 1)
		after.add(d.look, -1)
	}
	return at
}

// sum is of embeddings, in numbers so exact that nothing is left when all are taken off again.
type sum []float64

func (s *sum) add(e []float32, times float64) {
	if len(*s) == 0 {
		*s = make(sum, len(e))
	}
	for i, v := range e[:min(len(e), len(*s))] {
		(*s)[i] += times * float64(v)
	}
}

// look is the direction of the sum, of length 1; nil where there is none.
func (s sum) look() []float32 {
	e := make([]float32, len(s))
	for i, v := range s {
		e[i] = float32(v)
	}
	return unit(e)
}
