package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/recipe"
	"github.com/spf13/cobra"
)

func (a *app) evalVerifyCommand() *cobra.Command {
	var modelFile, data, answersFile string
	var pairs int
	var incomplete bool
	var faces faceFlags
	cmd := &cobra.Command{
		Use:   "verify --model M --data DIR",
		Short: "verification of random pairs at the model's threshold: accuracy, EER, TAR@FAR",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if pairs < 2 {
				return usagef("--pairs %d: want at least 2", pairs)
			}
			if err := faces.check(); err != nil {
				return err
			}
			if err := checkOut(answersFile); err != nil {
				return err
			}
			if faces.faces {
				result, err := a.verifyPhotos(cmd.Context(), modelFile, data, faces)
				if err != nil {
					return err
				}
				if err := a.saveAnswers(answersFile, map[string][]bool{"verification": result.Right}); err != nil {
					return err
				}
				return a.print(result, result.text())
			}
			return a.withLabelled(cmd.Context(), modelFile, data, incomplete, func(judged judgedSet) error {
				result, err := judged.verify(pairs, a.seed)
				if err != nil {
					return err
				}
				if err := a.saveAnswers(answersFile, map[string][]bool{"verification": result.Right}); err != nil {
					return err
				}
				return a.print(result, verifyText(result))
			})
		},
	}
	addModelFlag(cmd, &modelFile)
	addDataFlag(cmd, &data)
	faces.add(cmd)
	cmd.Flags().StringVar(&answersFile, "answers", "", "`file` to save which pairs were right in, for siam eval compare")
	cmd.Flags().IntVar(&pairs, "pairs", 20000, "random pairs, half of them same; within an alphabet where there are alphabets")
	cmd.Flags().BoolVar(&incomplete, "incomplete", false, "take what there is of a partly downloaded data set")
	return cmd
}

func verifyText(v eval.Verification) string {
	var b strings.Builder
	fmt.Fprintf(&b, "accuracy at threshold %.4f  %s\n", v.Threshold, percent(v.Proportion))
	fmt.Fprintf(&b, "equal error rate  %.2f %% (%.2f to %.2f)\n", 100*v.EER, 100*v.EERCI95[0], 100*v.EERCI95[1])
	for _, far := range slices.Sorted(maps.Keys(v.TARAtFAR)) {
		fmt.Fprintf(&b, "TAR at FAR %s  %.2f %%\n", far, 100*v.TARAtFAR[far])
	}
	return b.String()
}

func (a *app) evalRetrievalCommand() *cobra.Command {
	var modelFile, data string
	var incomplete bool
	cmd := &cobra.Command{
		Use:   "retrieval --model M --data DIR",
		Short: "every image as a query among the others: precision at 1, R-precision, MAP@R, MRR, recall at k",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLabelled(cmd.Context(), modelFile, data, incomplete, func(judged judgedSet) error {
				result, err := judged.retrieve(a.seed)
				if err != nil {
					return err
				}
				return a.print(result, retrievalText(result))
			})
		},
	}
	addModelFlag(cmd, &modelFile)
	addDataFlag(cmd, &data)
	cmd.Flags().BoolVar(&incomplete, "incomplete", false, "take what there is of a partly downloaded data set")
	return cmd
}

func retrievalText(r eval.Retrieval) string {
	return fmt.Sprintf("precision at 1  %.2f %%\nR-precision     %.2f %%\nMAP@R           %.2f %%\nMRR             %.2f %%\nqueries         %d\n",
		100*r.PrecisionAt1.Value, 100*r.RPrecision.Value, 100*r.MAPAtR.Value, 100*r.MRR.Value, r.Queries)
}

// judgedSet is a labelled set with its embeddings.
type judgedSet struct {
	items      eval.Items
	embeddings [][]float32
	distance   func(a, b []float32) float32
	threshold  *float32 // nil when the model has none
}

// withLabelled reads a set, embeds it with a model and hands both to judge.
func (a *app) withLabelled(ctx context.Context, modelFile, data string, incomplete bool, judge func(judgedSet) error) error {
	model, closeModel, err := a.openModel(modelFile)
	if err != nil {
		return err
	}
	defer closeModel()
	folder, err := openData(data)
	if err != nil {
		return err
	}
	if dataset.IsRuns(folder) {
		return fmt.Errorf("read %s: it holds one-shot runs: judge on them with siam eval oneshot", folder.Path)
	}
	set, err := dataset.ReadLabelled(ctx, folder, dataset.AlphabetOptions{Incomplete: incomplete})
	if err != nil {
		return err
	}
	judged := judgedSet{items: recipe.ItemsOf(set), distance: model.Distance}
	if judged.embeddings, err = recipe.EmbedSet(ctx, model, set); err != nil {
		return err
	}
	if calibration := model.File().Calibration; calibration != nil {
		judged.threshold = &calibration.Threshold
	}
	return judge(judged)
}

func (j judgedSet) verify(n int, seed uint64) (eval.Verification, error) {
	if j.threshold == nil {
		return eval.Verification{}, fmt.Errorf("the model has no threshold to verify with; train it with validation data")
	}
	pairs, err := j.items.BalancedPairs(n, seed)
	if err != nil {
		return eval.Verification{}, err
	}
	distances := eval.PairDistances(pairs, j.embeddings, j.distance)
	return eval.Verify(distances, eval.Same(pairs), float64(*j.threshold), seed)
}

func (j judgedSet) retrieve(seed uint64) (eval.Retrieval, error) {
	labelled := eval.Labelled{Embeddings: j.embeddings, Labels: j.items.Labels}
	return eval.Retrieve(labelled, eval.Ranking{Distance: j.distance, Seed: seed})
}
