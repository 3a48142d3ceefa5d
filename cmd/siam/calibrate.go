package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/modelfile"
	"github.com/spf13/cobra"
)

// recalibrated is what siam calibrate prints as JSON.
type recalibrated struct {
	File        string                 `json:"file"`   // that was written
	Hash        string                 `json:"hash"`   // of the model with its new threshold
	Before      *modelfile.Calibration `json:"before"` // null when there was none
	Calibration *modelfile.Calibration `json:"calibration"`
	Copies      []judge.Copy           `json:"copies"` // left out
}

// calibrateFlags are the flags of siam calibrate.
type calibrateFlags struct {
	labelledFlags
	out string
	fmr float64
}

func addFMRFlag(cmd *cobra.Command, fmr *float64) {
	cmd.Flags().Float64Var(fmr, "fmr", 0, "choose the threshold for this false match rate, such as 0.01; when not given, for as many false matches as false non-matches of people, and for the fewest errors of characters and masks")
}

func checkFMR(fmr float64) error {
	if !(fmr >= 0 && fmr < 1) {
		return usagef("--fmr %v: want a fraction above 0 and less than 1, such as 0.01", fmr)
	}
	return nil
}

func (a *app) calibrateCommand() *cobra.Command {
	var f calibrateFlags
	cmd := &cobra.Command{
		Use:   "calibrate --model M --data DIR [--fmr 0.01]",
		Short: "choose a model's threshold again, on other people, and write it into the model",
		Long: `Chooses the threshold of a model by images that it was not trained on, and tells the error rates to expect on others. Rates and their
intervals are by people: each pair is judged at a threshold that other people chose. Have at least 20 people, and for a false match
rate of 1 % a hundred.

Of a model of masks it is the presence from which an object counts as there, by images with masks of two classes or more; its rates are those of the
pairs that chose it.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.calibrate(cmd.Context(), f) },
	}
	f.add(cmd)
	addFMRFlag(cmd, &f.fmr)
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "model `file` to write; the model itself when not given")
	return cmd
}

func (a *app) calibrate(ctx context.Context, f calibrateFlags) error {
	if err := checkFMR(f.fmr); err != nil {
		return err
	}
	if f.out == "" {
		f.out = f.model
	}
	if err := checkOut(f.out); err != nil {
		return err
	}
	if f.out != f.model {
		a.sayReplaced(f.out)
	}
	switch file, err := readModelFile(f.model); {
	case err != nil || file == nil: // told below
	case file.Kind == coseg.Kind:
		return a.calibrateMasks(ctx, f, file)
	case coseg.IsMaps(file):
		return fmt.Errorf("calibrate %s: it is an encoder of feature maps, which has learned nothing of masks and keeps no threshold: calibrate what siam train coseg-mobilenet --init %s makes of it, or give siam coseg a --presence", f.model, f.model)
	}
	return a.withLabelled(ctx, f.labelledFlags, func(labelled *judge.Labelled, copies []judge.Copy) error {
		file, result := labelled.File(), recalibrated{File: f.out, Copies: copies}
		result.Before = file.Calibration
		var err error
		result.Calibration, err = parallel.UnlessEnded(ctx, func() (*modelfile.Calibration, error) { return labelled.Calibrate(f.fmr, a.seed) })
		if err != nil {
			return err
		}
		again := *file
		again.Calibration = result.Calibration
		if err := again.Write(f.out); err != nil {
			return err
		}
		if doubt := judge.Doubt(result.Calibration); doubt != "" {
			a.say("note: %s", doubt)
		}
		result.Hash = again.Hash
		return a.print(result, result.text())
	})
}

// calibrateMasks chooses from which presence on an object counts as there.
func (a *app) calibrateMasks(ctx context.Context, f calibrateFlags, file *modelfile.File) error {
	if f.against != "" || f.each > 0 || f.incomplete {
		return usagef("--against, --each and --incomplete are for models of embeddings, and %s makes masks", f.model)
	}
	set, err := a.readMasked(ctx, evalCosegFlags{data: f.data, only: f.only, strict: f.strict})
	if err != nil {
		return err
	}
	model, closeModel, err := a.openCoseg(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	result := recalibrated{File: f.out, Before: file.Calibration, Copies: []judge.Copy{}}
	if err := judge.CalibrateCoseg(ctx, model, file, set, f.fmr, a.seed); err != nil {
		return err
	}
	if err := file.Write(f.out); err != nil {
		return err
	}
	result.Hash, result.Calibration = file.Hash, file.Calibration
	return a.print(result, masksText(f.out, file, result.Before))
}

// masksText says what a calibration of masks has changed.
func masksText(name string, file *modelfile.File, before *modelfile.Calibration) string {
	c := file.Calibration
	return fmt.Sprintf("%s: an object counts as there from presence %v on, which was %s before, chosen for %s\nexpect %s\nmeasured on %d pairs of %d %s\n",
		name, coseg.DefaultPresence, thresholdText(float32(coseg.PresenceBefore(file, before))), c.Rule, presenceRates(c), c.Pairs, c.Units, c.Unit)
}

// presenceRates says what error rates to expect of a model of masks.
func presenceRates(c *modelfile.Calibration) string {
	return fmt.Sprintf("an object to be said to be there in %s of the pairs that share nothing, and to be missed in %s of those that share a class",
		percentText(c.FMR, c.FMRInterval), percentText(c.FNMR, c.FNMRInterval))
}

// percentText is a rate with its interval.
func percentText(rate float64, ci [2]float64) string {
	return fmt.Sprintf("%.2f %% (%.2f to %.2f)", 100*rate, 100*ci[0], 100*ci[1])
}

func (c recalibrated) text() string {
	before := "none"
	if c.Before != nil {
		before = thresholdText(c.Before.Threshold)
	}
	return fmt.Sprintf("%s: threshold %s, before %s, chosen for %s\nexpect %s\nmeasured on %d pairs of %d %s\n", c.File,
		thresholdText(c.Calibration.Threshold), before, c.Calibration.Rule, ratesText(c.Calibration), c.Calibration.Pairs, c.Calibration.Units, c.Calibration.Unit)
}

// thresholdText is a threshold to four digits behind the point, or where these are all 0, as of a model of masks, to two that are not.
func thresholdText(threshold float32) string {
	if threshold > 0 && threshold < 0.001 {
		return fmt.Sprintf("%.2g", threshold)
	}
	return fmt.Sprintf("%.4f", threshold)
}

// ratesText says what error rates to expect.
func ratesText(c *modelfile.Calibration) string {
	return fmt.Sprintf("FMR %s, FNMR %s", percentText(c.FMR, c.FMRInterval), percentText(c.FNMR, c.FNMRInterval))
}
