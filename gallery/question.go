package gallery

import (
	"context"
	"slices"

	"github.com/siam-go/siam/internal/batch"
)

// questionsAtOnce is how many who ask at the same time are answered by one search.
const questionsAtOnce = 64

// question asks for the k ids, or strangers, nearest to each probe.
type question struct {
	ctx      context.Context
	settings Settings
	k        int
	probes   [][]float32
}

// answer is what was found for each probe of a question.
type answer struct {
	found [][]Candidate
	err   error
}

// answer answers questions of all who wait. Those who saw the same settings are answered by one search, through what the store holds
// after the last of them asked.
func (x *index) answer(all []question, _ func()) ([]answer, error) {
	answers := make([]answer, len(all))
	for todo := positions(len(all)); len(todo) > 0; {
		first := all[todo[0]].settings
		same := slices.DeleteFunc(slices.Clone(todo), func(i int) bool { return !all[i].settings.sameVersion(first) })
		todo = slices.DeleteFunc(todo, func(i int) bool { return all[i].settings.sameVersion(first) })
		x.answerSome(all, same, answers)
	}
	return answers, nil
}

func positions(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func (s Settings) sameVersion(other Settings) bool {
	return s.Revision == other.Revision && s.Created.Equal(other.Created)
}

// answerSome answers those questions whose numbers are given, which have the same settings.
func (x *index) answerSome(all []question, which []int, answers []answer) {
	var probes [][]float32
	most := 0
	for _, i := range which {
		probes = append(probes, all[i].probes...)
		most = max(most, all[i].k)
	}
	ctx, stop := batch.UntilAllGo(which, func(i int) context.Context { return all[i].ctx })
	defer stop()
	found, err := x.find(ctx, all[which[0]].settings, most, probes)
	for _, i := range which {
		answers[i].err = err
		if err != nil {
			continue
		}
		for _, list := range found[:len(all[i].probes)] {
			answers[i].found = append(answers[i].found, list[:min(len(list), all[i].k)])
		}
		found = found[len(all[i].probes):]
	}
}

// find finds the k ids, or strangers, nearest to each probe in memory.
func (x *index) find(ctx context.Context, s Settings, k int, probes [][]float32) ([][]Candidate, error) {
	found := make([][]Candidate, len(probes))
	all, err := x.fresh(ctx, s)
	if err != nil || len(all.Refs) == 0 {
		return found, err
	}
	if err := all.serves(x.of.name); err != nil {
		return nil, err
	}
	for wanted := 4 * k; ; wanted *= 4 { // ids have several images
		lists, err := all.nearest(ctx, min(wanted, len(all.Refs)), probes)
		if err != nil {
			return nil, err
		}
		enough := true
		for i, list := range lists {
			found[i] = candidates(list, k)
			enough = enough && (len(found[i]) == k || wanted >= len(all.Refs))
		}
		if enough {
			return found, nil
		}
	}
}
