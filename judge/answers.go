package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/internal/filekind"
)

// Answers says for each task which of its trials were answered right, for a comparison with another model's answers.
type Answers struct {
	Seed   uint64            `json:"seed"`
	Trials string            `json:"trials,omitempty"` // tells data and trials from others
	Tasks  map[string][]bool `json:"tasks"`
	// Ties say for each task what ties its trials to each other; a comparison without them takes trials as independent.
	Ties map[string]*eval.Ties `json:"ties,omitempty"`
}

// newAnswers makes answers to trials, which encode as JSON what tells them from others.
func newAnswers(seed uint64, trials any, tasks map[string][]bool) (Answers, error) {
	asked, err := json.Marshal(trials)
	if err != nil {
		return Answers{}, fmt.Errorf("telling the trials from others: %w", err)
	}
	hash := sha256.Sum256(asked)
	return Answers{Seed: seed, Trials: hex.EncodeToString(hash[:8]), Tasks: tasks}, nil
}

// classSizes tells sets apart: how many images each class has.
func classSizes(set *dataset.Set) map[string]int {
	sizes := map[string]int{}
	for _, item := range set.Items {
		class := set.Classes[item.Label]
		sizes[class.Group+"/"+class.Name]++
	}
	return sizes
}

// ReadAnswers reads a file that holds answers as JSON.
func ReadAnswers(file string) (Answers, error) {
	var found Answers
	content, err := os.ReadFile(file)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(content, &found); err != nil {
		if kind := filekind.OfHead(content); kind != filekind.JSON && kind != filekind.Unknown {
			return found, fmt.Errorf("reading answers %s: it is %s: want what siam eval --answers wrote", file, kind)
		}
		return found, fmt.Errorf("reading answers %s: %w: want what siam eval --answers wrote", file, err)
	}
	if len(found.Tasks) == 0 {
		return found, fmt.Errorf("reading answers %s: it holds no answers; save them with siam eval oneshot --answers", file)
	}
	return found, nil
}

// Compare compares two models' answers task by task. It fails when they are to different trials.
func (a Answers) Compare(other Answers) (map[string]eval.Comparison, error) {
	if a.Seed != other.Seed {
		return nil, fmt.Errorf("they come from seeds %d and %d, so from different trials", a.Seed, other.Seed)
	}
	if a.Trials != other.Trials && a.Trials != "" && other.Trials != "" {
		return nil, errors.New("they come from different data or trials: judge both models on the same ones")
	}
	compared := make(map[string]eval.Comparison)
	for _, task := range slices.Sorted(maps.Keys(a.Tasks)) {
		others, both := other.Tasks[task]
		if !both {
			continue
		}
		c, err := eval.Compare(a.Tasks[task], others, a.Ties[task])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", task, err)
		}
		compared[task] = c
	}
	if len(compared) == 0 {
		return nil, errors.New("they have no task in common")
	}
	return compared, nil
}
