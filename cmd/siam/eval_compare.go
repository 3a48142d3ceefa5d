package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/judge"
	"github.com/spf13/cobra"
)

func (a *app) evalCompareCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compare A.json B.json",
		Short: "do two results on the same trials differ? By people, and McNemar's test",
		Long: `Compares two results that siam eval oneshot --answers or siam eval verify --answers saved with the same
seed, task by task. The difference has an interval and a p-value by what is independent: people, or the alphabets of characters. McNemar's
test, beside it, takes every trial as independent.`,
		Args: wants("A.json", "B.json"),
		RunE: func(_ *cobra.Command, files []string) error {
			first, err := judge.ReadAnswers(files[0])
			if err != nil {
				return err
			}
			second, err := judge.ReadAnswers(files[1])
			if err != nil {
				return err
			}
			compared, err := first.Compare(second)
			if err != nil {
				return fmt.Errorf("comparing %s with %s: %w", files[0], files[1], err)
			}
			return a.print(compared, comparisonText(compared))
		},
	}
}

func comparisonText(compared map[string]eval.Comparison) string {
	text := ""
	for _, task := range slices.Sorted(maps.Keys(compared)) {
		c := compared[task]
		text += fmt.Sprintf("%-16s %.2f %% against %.2f %%: difference %.2f points (95 %% interval %.2f to %.2f by %d %s), p = %.3g, n = %d (McNemar p = %.3g): %s\n",
			task, 100*c.A.Value, 100*c.B.Value, 100*c.Difference.Value, 100*c.Difference.CI95[0], 100*c.Difference.CI95[1], c.Units, c.Unit, c.P, c.A.N,
			c.McNemar.P, verdict(c))
	}
	return text
}

// verdict says which of two results is better, at the usual level of 5 %.
func verdict(c eval.Comparison) string {
	switch {
	case c.P >= 0.05:
		return "no difference that chance would not make"
	case c.Difference.Value > 0:
		return "the first is better"
	}
	return "the second is better"
}
