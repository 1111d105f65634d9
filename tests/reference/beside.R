# The reference for lines beside a verdict: Rscript tests/reference/beside.R > tests/reference/beside.json
# Debian 12: r-base 4.2.2, clubSandwich 0.5.8, estimatr 1.0.0, survival 3.5-3.
# Rows: made_rows.csv and stepped_wedge/rows.csv. Weights and who is missing follow from the rows by a rule.
suppressPackageStartupMessages({ library(survival); library(clubSandwich); library(estimatr) })
args <- commandArgs(trailingOnly = FALSE)
here <- dirname(sub("^--file=", "", args[grep("^--file=", args)]))
d <- read.csv(file.path(here, "made_rows.csv"))
w <- 1 + plogis(d$x)
out <- list()
put <- function(id, r, ...) out[[id]] <<- c(list(...), list(r_command = r))
by_site <- function(id, r, values, ...) {
  m <- lm(values ~ arm, d, weights = w)
  t <- coef_test(m, vcov = vcovCR(m, cluster = d$site, type = "CR2"), test = "Satterthwaite")["arm", ]
  put(id, r, estimate = coef(m)[["arm"]], std_error = t$SE, df = if (is.null(t$df)) t$df_Satt else t$df, ...)
}

# A weighted Kaplan-Meier curve by arm, its area up to the last day both are followed.
last <- min(tapply(d$days, d$arm, max))
curve <- summary(survfit(Surv(days, event) ~ arm, d, weights = w), rmean = last)$table[, "rmean"]
put("survival.weighted", "summary(survfit(Surv(days, event) ~ arm, weights = w), rmean = last)", last = last,
    arm = curve[[2]], control = curve[[1]])

# The weighted chance that the arm is higher, ties counting half, pair by pair.
share <- function(x, y, wy) vapply(x, function(one) sum(wy * ((y < one) + (y == one) / 2)) / sum(wy), 0)
on <- d$arm == 1
up <- share(d$level[on], d$level[!on], w[!on]); down <- share(d$level[!on], d$level[on], w[on])
chance <- sum(w[on] * up) / sum(w[on])
values <- numeric(nrow(d)); values[on] <- up; values[!on] <- down + chance - 0.5
by_site("ordinal.weighted", "weighted placements on arm, lm(weights = w); vcovCR(cluster = site, CR2)", values)

# The ratio of weighted rates: Poisson's estimate; the error is that of what each row moves its arm's logarithm by.
m <- glm(count ~ arm + offset(log(exposure)), poisson, d, weights = w, control = glm.control(epsilon = 1e-14))
rate <- tapply(w * d$count, d$arm, sum) / tapply(w * d$exposure, d$arm, sum)
mean_exposure <- tapply(w * d$exposure, d$arm, sum) / tapply(w, d$arm, sum)
a <- d$arm + 1
by_site("rate_ratio.weighted", "glm(count ~ arm + offset(log(exposure)), poisson, weights = w); lm of linearised values",
        log(rate[a]) + (d$count - rate[a] * d$exposure) / (rate[a] * mean_exposure[a]), glm = coef(m)[["arm"]])

# Whether the effect differs between levels: each level's own placements, rates, hazards.
d$high <- as.numeric(d$x > 0)
v <- numeric(nrow(d)); r <- numeric(nrow(d))
for (h in 0:1) {
  one <- d$high == h & on; other <- d$high == h & !on
  v[one] <- share(d$level[one], d$level[other], rep(1, sum(other)))
  v[other] <- share(d$level[other], d$level[one], rep(1, sum(one))) + mean(v[one]) - 0.5
  for (s in list(one, other)) {
    of <- sum(d$count[s]) / sum(d$exposure[s])
    r[s] <- log(of) + (d$count[s] - of * d$exposure[s]) / (of * mean(d$exposure[s]))
  }
}
joint <- function(id, r, y) {
  m <- lm(y ~ high * arm, cbind(d, y))
  f <- Wald_test(m, constrain_zero("high:arm"), vcov = vcovCR(m, cluster = d$site, type = "CR2"), test = "HTZ")
  put(id, r, statistic = f$Fstat, df = f$df_denom, p_value = f$p_val, apart = coef(m)[["high:arm"]])
}
joint("ordinal.alike", "lm(each level's placements ~ high * arm); Wald_test(HTZ, CR2 by site)", v)
joint("rate_ratio.alike", "lm(each level's linearised log rates ~ high * arm); Wald_test(HTZ, CR2 by site)", r)
d$low_arm <- d$arm * (1 - d$high); d$high_arm <- d$arm * d$high
m <- coxph(Surv(days, event) ~ low_arm + high_arm + strata(high), d, cluster = d$site, ties = "efron")
G <- length(unique(d$site)); gap <- c(-1, 1)
put("cox.alike", "coxph(Surv(days, event) ~ low_arm + high_arm + strata(high), cluster = site), robust, G/(G-1)",
    apart = sum(gap * coef(m)), std_error = sqrt(drop(gap %*% vcov(m) %*% gap) * G / (G - 1)))

# A stepped wedge: the effect on those reached, and weights by the chance of an outcome.
s <- read.csv(file.path(here, "stepped_wedge", "rows.csv"))
s$reached <- as.numeric(s$crossed == 1 & seq_len(nrow(s)) %% 3 != 0)
iv <- iv_robust(score ~ reached + factor(site) + factor(period) | crossed + factor(site) + factor(period), s,
                clusters = site, se_type = "CR2")
put("wedge.cace", "iv_robust(score ~ reached + site + period | crossed + site + period, clusters = site, CR2)",
    estimate = iv$coefficients[["reached"]], std_error = iv$std.error[["reached"]], df = iv$df[["reached"]])
s$known <- as.numeric((seq_len(nrow(s)) * 7 + round(s$need)) %% 6 != 0)
s$weight <- NA
for (c in 0:1) {
  here_ <- s$crossed == c
  g <- glm(known ~ need + factor(period), binomial, s[here_, ], control = glm.control(epsilon = 1e-14, maxit = 100))
  s$weight[here_] <- 1 / fitted(g)
}
k <- s[s$known == 1, ]
m <- lm(score ~ factor(site) + factor(period) + crossed, k, weights = weight)
t <- coef_test(m, vcov = vcovCR(m, cluster = k$site, type = "CR2"), test = "Satterthwaite")["crossed", ]
put("wedge.weighted", "lm(score ~ site + period + crossed, weights = 1 / glm(known ~ need + period)); vcovCR(CR2)",
    estimate = coef(m)[["crossed"]], std_error = t$SE, df = if (is.null(t$df)) t$df_Satt else t$df)

json <- function(v) {
  if (is.list(v)) paste0("{", paste0('"', names(v), '": ', vapply(v, json, ""), collapse = ", "), "}")
  else if (is.character(v)) paste0('"', gsub('"', "'", v), '"')
  else sprintf("%.15g", v)
}
cat("{\n \"source\": \"tests/reference/made_rows.csv and tests/reference/stepped_wedge/rows.csv\",\n \"made_with\": ",
    "\"Rscript tests/reference/beside.R, R ", paste(R.version$major, R.version$minor, sep = "."),
    "\",\n \"results\": {\n", sep = "")
cat(paste0('  "', names(out), '": ', vapply(out, json, ""), collapse = ",\n"), "\n }\n}\n", sep = "")
