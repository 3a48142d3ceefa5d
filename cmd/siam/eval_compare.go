package main

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
	"github.com/spf13/cobra"
)

func (a *app) evalCompareCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "do two results on the same trials differ? McNemar's test and the paired bootstrap",
		Long: `Compares two results that siam eval oneshot --answers or siam eval verify --answers saved with the same
seed, task by task.`,
		Args: wants("A.json", "B.json"),
		RunE: func(_ *cobra.Command, files []string) error {
			first, err := readAnswers(files[0])
			if err != nil {
				return err
			}
			second, err := readAnswers(files[1])
			if err != nil {
				return err
			}
			result, text, err := compareAnswers(first, second, a.seed)
			if err != nil {
				return fmt.Errorf("comparing %s with %s: %w", files[0], files[1], err)
			}
			return a.print(result, text)
		},
	}
}

// answers says for each task which of its trials were answered right.
type answers struct {
	Seed   uint64            `json:"seed"`
	Trials string            `json:"trials,omitempty"` // tells data and trials from others
	Tasks  map[string][]bool `json:"tasks"`
}

// saveAnswers writes answers for siam eval compare; it does nothing when file is empty. trials is what tells the trials from others.
func (a *app) saveAnswers(file string, trials any, tasks map[string][]bool) error {
	if file == "" {
		return nil
	}
	asked, err := json.Marshal(trials)
	if err != nil {
		return fmt.Errorf("writing answers %s: %w", file, err)
	}
	hash := sha256.Sum256(asked)
	encoded, err := json.Marshal(answers{a.seed, hex.EncodeToString(hash[:8]), tasks})
	if err != nil {
		return fmt.Errorf("writing answers %s: %w", file, err)
	}
	return a.writeOut(file, encoded)
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

func readAnswers(file string) (answers, error) {
	var found answers
	content, err := os.ReadFile(file)
	if err != nil {
		return found, err
	}
	if err := json.Unmarshal(content, &found); err != nil {
		return found, fmt.Errorf("reading answers %s: %w", file, err)
	}
	if len(found.Tasks) == 0 {
		return found, fmt.Errorf("reading answers %s: it holds no answers; save them with siam eval oneshot --answers", file)
	}
	return found, nil
}

func compareAnswers(first, second answers, seed uint64) (map[string]eval.Comparison, string, error) {
	if first.Seed != second.Seed {
		return nil, "", fmt.Errorf("they come from seeds %d and %d, so from different trials", first.Seed, second.Seed)
	}
	if first.Trials != second.Trials && first.Trials != "" && second.Trials != "" {
		return nil, "", errors.New("they come from different data or trials: judge both models on the same ones")
	}
	result, text := make(map[string]eval.Comparison), ""
	for _, task := range slices.Sorted(maps.Keys(first.Tasks)) {
		other, both := second.Tasks[task]
		if !both {
			continue
		}
		c, err := eval.Compare(first.Tasks[task], other, seed)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", task, err)
		}
		result[task] = c
		text += fmt.Sprintf("%-16s %.2f %% against %.2f %%: difference %.2f points (95 %% interval %.2f to %.2f), McNemar p = %.3g, n = %d: %s\n",
			task, 100*c.A.Value, 100*c.B.Value, 100*c.Difference.Value, 100*c.Difference.CI95[0], 100*c.Difference.CI95[1], c.McNemar.P, c.A.N, verdict(c))
	}
	if len(result) == 0 {
		return nil, "", fmt.Errorf("they have no task in common")
	}
	return result, text, nil
}

// verdict says which of two results is better, at the usual level of 5 %.
func verdict(c eval.Comparison) string {
	switch {
	case c.McNemar.P >= 0.05:
		return "no difference that chance would not make"
	case c.Difference.Value > 0:
		return "the first is better"
	}
	return "the second is better"
}
