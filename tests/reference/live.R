# R itself on rows that a test gives it: Rscript tests/reference/live.R ROWS.csv, one line `id estimate std_error df`.
suppressPackageStartupMessages({
  library(estimatr); library(clubSandwich); library(survival); library(metafor); library(geepack)
})
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
say <- function(id, estimate, error, df = NaN) cat(sprintf("%s %.15g %.15g %.15g\n", id, estimate, error, df))
robust <- function(id, m, term = "arm") say(id, m$coefficients[[term]], m$std.error[[term]], m$df[[term]])

robust("individuals", lm_robust(y ~ arm, d, se_type = "HC2"))
robust("sites", lm_robust(y ~ arm, d, clusters = site, se_type = "CR2"))
robust("lin", lm_lin(y ~ arm, ~x, d, clusters = site, se_type = "CR2"))
robust("effects", lm_robust(y ~ arm + factor(block), d, clusters = site, se_type = "CR2"))
m <- lm(y ~ arm + x, d)
one <- coef_test(m, vcovCR(m, cluster = d$site, type = "CR2"), test = "Satterthwaite")["arm", ]
say("club", one$beta, one$SE, one$df)
s <- summary(survfit(Surv(days, event) ~ arm, d), rmean = min(tapply(d$days, d$arm, max)))$table
say("mean_time", s[2, "rmean"] - s[1, "rmean"], sqrt(sum(s[, "se(rmean)"]^2)))
cox <- coxph(Surv(days, event) ~ arm + x + strata(block), d, cluster = site)
say("cox", coef(cox)[["arm"]], sqrt(cox$var[1, 1]))
log_odds <- escalc(measure = "OR", ai = sum(yes[arm == 1]), bi = sum(1 - yes[arm == 1]),
                   ci = sum(yes[arm == 0]), di = sum(1 - yes[arm == 0]), data = d)
say("log_odds", log_odds$yi[1], sqrt(log_odds$vi[1]))
ratio <- escalc(measure = "RR", ai = sum(yes[arm == 1]), n1i = sum(arm == 1), ci = sum(yes[arm == 0]),
                n2i = sum(arm == 0), data = d)
say("risk_ratio", ratio$yi[1], sqrt(ratio$vi[1]))
rates <- escalc(measure = "IRR", x1i = sum(count[arm == 1]), t1i = sum(exposure[arm == 1]),
                x2i = sum(count[arm == 0]), t2i = sum(exposure[arm == 0]), data = d)
say("rate_ratio", rates$yi[1], NaN)
# Leaving one site out at a time is Mancl and DeRouen's variance, but for geepack's factor (G − p − 1) / G.
mean_chance <- mean(d$chance)
d$centred <- d$sent - mean_chance
d$weight <- ifelse(d$sent == 1, mean_chance / d$chance, (1 - mean_chance) / (1 - d$chance))
moments <- geeglm(y ~ centred + x, data = d, id = site, weights = weight, corstr = "independence", std.err = "fij")
groups <- length(unique(d$site))
say("moments", coef(moments)[["centred"]],
    summary(moments)$coefficients["centred", "Std.err"] * sqrt(groups / (groups - 4)), groups - 3)
