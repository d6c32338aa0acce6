// Light, dark, or as the system has it. Kept in this browser.
export type Theme = 'auto' | 'light' | 'dark'
const kThemes: Theme[] = ['auto', 'light', 'dark']
const kKey = 'baton.theme'

function stored(): Theme {
  try {
    const value = localStorage.getItem(kKey) as Theme
    return kThemes.includes(value) ? value : 'auto'
  } catch {
    return 'auto' // storage is switched off
  }
}

let theme = $state<Theme>(stored())
const system = matchMedia('(prefers-color-scheme: dark)')
let systemIsDark = $state(system.matches)
system.addEventListener('change', () => (systemIsDark = system.matches))
document.documentElement.dataset.theme = stored()

export const themes = {
  get now() {
    return theme
  },
  /** Changes whenever colours do: what is drawn on Canvas depends on it. */
  get isDark() {
    return theme === 'dark' || (theme === 'auto' && systemIsDark)
  },
  next() {
    theme = kThemes[(kThemes.indexOf(theme) + 1) % kThemes.length]!
    document.documentElement.dataset.theme = theme
    try {
      localStorage.setItem(kKey, theme)
    } catch {
      // storage is switched off: it holds for this tab
    }
  },
}

/** The colour that a custom property has now, for Canvas, which knows neither var() nor light-dark(). */
export function colors(names: string[]): Record<string, string> {
  const probe = document.createElement('i')
  document.body.append(probe)
  const found: Record<string, string> = {}
  for (const name of names) {
    probe.style.color = `var(${name})`
    found[name] = getComputedStyle(probe).color
  }
  probe.remove()
  return found
}
