# SPDX-License-Identifier: GPL-2.0-only
"""Prompts that no package of recorded ones has: their words, by language and name.

Debian has recorded English (asterisk-core-sounds-en) and no Chinese. So all of Chinese, and what English lacks, is
spoken by espeak-ng (synthesis.py) until somebody records it: a file in a folder that is named before is taken instead.
Debian's espeak-ng reads few Chinese characters, and all of pinyin.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Word(NamedTuple):
    """As it is written, and as espeak-ng reads it."""

    text: str
    read: str


WORDS: Mapping[str, Mapping[str, Word]] = {
    "zh": {
        "digits/0": Word("零", "ling2"),
        "digits/1": Word("一", "yi1"),
        "digits/2": Word("二", "er4"),
        "digits/3": Word("三", "san1"),
        "digits/4": Word("四", "si4"),
        "digits/5": Word("五", "wu3"),
        "digits/6": Word("六", "liu4"),
        "digits/7": Word("七", "qi1"),
        "digits/8": Word("八", "ba1"),
        "digits/9": Word("九", "jiu3"),
        "digits/10": Word("十", "shi2"),
        "digits/two": Word("两", "liang3"),
        "digits/hundred": Word("百", "bai3"),
        "digits/thousand": Word("千", "qian1"),
        "digits/ten-thousand": Word("万", "wan4"),
        "digits/hundred-million": Word("亿", "yi4"),
        "digits/point": Word("点", "dian3"),
        "digits/minus": Word("负", "fu4"),
        "digits/star": Word("星号", "xing1 hao4"),
        "digits/pound": Word("井号", "jing3 hao4"),
        "digits/a-m": Word("上午", "shang4 wu3"),
        "digits/p-m": Word("下午", "xia4 wu3"),
        "digits/oclock": Word("点", "dian3"),
        "date/year": Word("年", "nian2"),
        "date/month": Word("月", "yue4"),
        "date/day": Word("日", "ri4"),
        "date/minute": Word("分", "fen1"),
        "currency/yuan": Word("元", "yuan2"),
        "currency/jiao": Word("角", "jiao3"),
        "currency/fen": Word("分", "fen1"),
        "currency/whole": Word("整", "zheng3"),
        "minutes": Word("分钟", "fen1 zhong1"),
        "seconds": Word("秒", "miao3"),
        "queue-less-than": Word("不到", "bu2 dao4"),
        "queue-thereare": Word("您目前排在第", "nin2 mu4 qian2 pai2 zai4 di4"),
        "queue-callswaiting": Word("位", "wei4"),
        "queue-staffed": Word("目前有", "mu4 qian2 you3"),
        "agents": Word("位坐席为您服务", "wei4 zuo4 xi2 wei4 nin2 fu2 wu4"),
        "queue-callback": Word("如需回电, 请按", "ru2 xu1 hui2 dian4, qing3 an4"),
        "queue-called-back": Word("我们会给您回电", "wo3 men5 hui4 gei3 nin2 hui2 dian4"),
        "queue-holdtime": Word("预计等待时间为", "yu4 ji4 deng3 dai4 shi2 jian1 wei2"),
        "queue-thankyou": Word("感谢您的耐心等待", "gan3 xie4 nin2 de5 nai4 xin1 deng3 dai4"),
        "all-circuits-busy-now": Word("坐席全忙", "zuo4 xi2 quan2 mang2"),
        "please-try-call-later": Word("请稍后再拨", "qing3 shao1 hou4 zai4 bo1"),
        "hello-world": Word("您好, 欢迎致电", "nin2 hao3, huan1 ying2 zhi4 dian4"),
        "vm-press": Word("请按", "qing3 an4"),
        "vm-enter-num-to-call": Word("请输入工号", "qing3 shu1 ru4 gong1 hao4"),
        "vm-goodbye": Word("再见", "zai4 jian4"),
        "auth-thankyou": Word("感谢来电", "gan3 xie4 lai2 dian4"),
        "pbx-invalid": Word("输入有误", "shu1 ru4 you3 wu4"),
    },
    "en": {
        "digits/point": Word("point", "point"),
        "currency/yuan": Word("yuan", "yuan"),
        "currency/fen": Word("fen", "fen"),
        "queue-staffed": Word("we have", "we have"),
        "agent": Word("agent serving callers", "agent serving callers"),
        "agents": Word("agents serving callers", "agents serving callers"),
        "queue-callback": Word("to be called back, press", "to be called back, press"),
        "queue-called-back": Word("we will call you back", "we will call you back"),
    },
}
