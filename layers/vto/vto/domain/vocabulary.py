"""What things are called in five languages, and what each is to a try-on: a table, so whoever disagrees adds a word.

Nouns stand in the singular, their accents in any spelling; regular plurals are understood (``reading.py``). A word of
several parts is written as one: ``tanktop`` is found in "tank top" and "tank-top" too.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing.

    Args:
        group: Its general class; None where no class covers it.
        prompt: What stands in its place in a photo, in English, where no class covers it; without either,
            nothing can be proposed for it.
        sleeves: ``"long"``, ``"short"`` or ``"no"`` where its name says so.
        is_outer: Whether it is worn over something else.
        is_bulky: Whether it has a shape of its own that the outline of a thin garment would cut away.
        is_dress: Whether there is nothing about it to tuck in.
        shared: Words that all four European languages use.
        en, de, fr, es, ja: Words of one language. A German one may end a compound, a Japanese one is found in a text
            without blanks.
    """

    group: str | None
    prompt: str | None = None
    sleeves: str | None = None
    is_outer: bool = False
    is_bulky: bool = False
    is_dress: bool = False
    shared: str = ""
    en: str = ""
    de: str = ""
    fr: str = ""
    es: str = ""
    ja: str = ""

    @property
    def is_unfit(self) -> bool:
        """Whether it is known that nothing can be proposed for it."""
        return self.group is None and self.prompt is None


def _thing(prompt: str, en: str, *others: str) -> Kind:
    de, fr, es, ja = others
    return Kind(None, prompt, en=f"{prompt} {en}", de=de, fr=fr, es=es, ja=ja)


OUTFIT = Kind(
    "FULL_BODY",
    shared="jumpsuit overall tuxedo tracksuit kimono sari pyjama",
    en="suit outfit playsuit romper onesie dungarees pantsuit swimsuit bikini pajama coord twopiece boilersuit",
    de="anzug latzhose hosenanzug zweiteiler strampler einteiler",
    fr="combinaison combishort costume tailleur ensemble survetement salopette maillotdebain smoking",
    es="traje mono conjunto chandal pijama esmoquin peto",
    ja="オールインワン スーツ 着物 浴衣 つなぎ セットアップ 上下セット サロペット オーバーオール 水着 "
    "パジャマ ジャージ上下",
)

KINDS = (
    Kind(
        "UPPER_BODY",
        sleeves="long",
        is_outer=True,
        is_bulky=True,
        shared="hoodie hoody",
        de="kapuzenpullover kapuzenpulli kapuzenjacke kapuzensweatshirt kapuzenshirt",
        ja="パーカー パーカ フーディ フーディー マウンテンパーカー",
    ),
    Kind(
        "UPPER_BODY",
        sleeves="long",
        is_outer=True,
        shared="blazer parka anorak trenchcoat bomber poncho",
        en="jacket coat windbreaker trench outerwear overcoat raincoat overshirt shacket cape peacoat puffer",
        de="jacke mantel cape sakko joppe janker",
        fr="veste veston surchemise manteau blouson imper impermeable doudoune trench cape caban",
        es="chaqueta abrigo cazadora americana gabardina chaqueton plumifero chubasquero capa",
        ja="ジャケット コート ブルゾン ジャンパー アウター ダウン ブレザー ケープ ポンチョ",
    ),
    Kind(
        "UPPER_BODY",
        sleeves="long",
        is_outer=True,
        shared="cardigan",
        de="strickjacke",
        es="rebeca chaquetadepunto",
        ja="カーディガン",
    ),
    Kind(
        "UPPER_BODY",
        sleeves="no",
        is_outer=True,
        shared="gilet",
        en="vest waistcoat bodywarmer",
        de="weste",
        es="chaleco",
        ja="ベスト",
    ),
    Kind(
        "UPPER_BODY",
        sleeves="short",
        shared="t-shirt tee-shirt polo poloshirt",
        en="tee",
        es="camiseta playera",
        ja="tシャツ ティーシャツ ポロシャツ カットソー",
    ),
    Kind(
        "UPPER_BODY",
        sleeves="no",
        shared="tanktop croptop bustier",
        en="tank camisole cami singlet halterneck",
        de="trägertop unterhemd",
        fr="débardeur caraco marcel",
        es="tirantes",
        ja="タンクトップ キャミソール",
    ),
    Kind(
        "UPPER_BODY",
        sleeves="long",
        shared="sweater pullover pull-over sweatshirt sweat-shirt turtleneck",
        en="jumper knitwear crewneck guernsey rollneck knit",
        de="pulli troyer",
        fr="pull sweat chandail gilet-pull sous-pull",
        es="jersey suéter sudadera",
        ja="セーター トレーナー スウェット スエット プルオーバー ニット",
    ),
    Kind(
        "UPPER_BODY",
        shared="top",
        en="shirt blouse tunic henley jersey tops",
        de="shirt hemd bluse oberteil tunika longsleeve",
        fr="chemise chemisier haut blouse tunique maillot marinière",
        es="camisa blusa túnica blusón",
        ja="シャツ ブラウス トップス チュニック",
    ),
    Kind(
        "LOWER_BODY",
        shared="jeans legging leggings shorts jogger chino bermuda",
        en="pant trouser jean slacks sweatpants skirt miniskirt bottoms culottes capri skort chaps",
        de="hose rock minirock",
        fr="pantalon jupe minijupe short jean jogging pantacourt corsaire",
        es="pantalón falda minifalda vaqueros tejanos malla bermudas",
        ja="パンツ ズボン ジーンズ スカート レギンス ボトムス 短パン スラックス "
        "キュロット チノパン チノパンツ ジーパン",
    ),
    Kind(
        "FULL_BODY",
        is_dress=True,
        en="dress gown sundress nightdress nightgown bathrobe caftan kaftan abaya pinafore",
        de="kleid dirndl bademantel morgenmantel nachthemd",
        fr="robe peignoir djellaba chemise-de-nuit",
        es="vestido bata albornoz camisón",
        ja="ワンピース ドレス バスローブ ガウン",
    ),
    OUTFIT,
    Kind(
        "FOOTWEAR",
        shared="sneaker boots mules clog espadrille slipper mocassin loafer",
        en="shoe boot sandal heel pump trainer footwear flipflop flats stiletto brogue wedge moccasin wellies",
        de="schuh stiefel stiefelette sandale pumps ballerina pantoffel pantolette schnürer latschen halbschuh",
        fr="chaussure botte bottine basket sandale escarpin talon ballerine chausson tong derby tennis",
        es="zapato bota botín zapatilla sandalia tacón alpargata bailarina deportiva chancla",
        ja="靴 シューズ ブーツ スニーカー サンダル パンプス ローファー ミュール スリッパ ハイヒール 長靴 下駄 草履",
    ),
    _thing(
        "hat",
        "cap beanie headwear fedora trilby beret basecap sunhat bucket-hat",
        "hut mütze muetze kappe strohhut sonnenhut fischerhut filzhut baskenmütze",
        "chapeau casquette bonnet béret bob",
        "sombrero gorra gorro boina",
        "帽子 帽 キャップ ハット ベレー",
    ),
    _thing(
        "bag",
        "handbag backpack rucksack tote purse clutch satchel crossbody duffel",
        "tasche rucksack beutel shopper",
        "sac besace cabas pochette cartable",
        "bolso bolsa mochila bandolera",
        "バッグ バックパック かばん カバン 鞄 リュック リュックサック トート ポシェット",
    ),
    _thing("glasses", "sunglasses eyeglasses eyewear", "brille", "lunettes", "gafas", "メガネ 眼鏡 サングラス"),
    _thing(
        "scarf",
        "scarves shawl stole pashmina bandana",
        "schal halstuch tuch loop",
        "écharpe foulard châle étole",
        "bufanda pañuelo fular chal",
        "マフラー スカーフ ストール",
    ),
    _thing(
        "necklace",
        "pendant choker",
        "halskette perlenkette collier",
        "collier pendentif sautoir",
        "collar colgante",
        "ネックレス",
    ),
    _thing("watch", "watches wristwatch", "armbanduhr", "montre", "reloj", "腕時計"),
    _thing("belt", "", "gürtel guertel", "ceinture", "cinturón", "ベルト"),
    _thing("sofa", "couch settee loveseat", "sofa couch", "canapé sofa", "sofá", "ソファ ソファー"),
    _thing(
        "chair",
        "armchair stool",
        "stuhl sessel hocker",
        "chaise fauteuil tabouret",
        "silla sillón taburete",
        "椅子 チェア",
    ),
    _thing(
        "table",
        "desk sideboard",
        "tisch esstisch couchtisch schreibtisch beistelltisch nachttisch gartentisch",
        "table bureau",
        "mesa escritorio",
        "テーブル 机",
    ),
    _thing("lamp", "light chandelier", "lampe leuchte", "lampe lampadaire luminaire", "lámpara", "ランプ 照明"),
    _thing("rug", "carpet", "teppich läufer", "tapis", "alfombra", "ラグ カーペット 絨毯"),
    _thing("curtain", "drape", "vorhang gardine", "rideau", "cortina", "カーテン"),
    _thing("bed", "", "bett", "lit", "cama", "ベッド"),
    # Worn where no class reaches, or next to the skin, where engines' content filters block most of what there is.
    Kind(
        None,
        en="glove mitten mitt sock tights pantyhose hosiery stocking underwear bra bralette lingerie brief boxer "
        "panties thong knickers tie necktie bowtie earring bracelet ring brooch wallet umbrella mask earmuff headband "
        "hairband suspenders cufflink anklet legwarmer",
        de="handschuh fäustling socke socken strumpf strumpfhose unterhose unterwäsche büstenhalter slip krawatte "
        "fliege ohrring armband ring geldbörse portemonnaie brieftasche regenschirm stirnband "
        "hosenträger füßling stulpe",
        fr="gant moufle chaussette socquette collant bas sous-vêtement soutien-gorge culotte slip caleçon cravate "
        "boucles-d-oreilles bracelet bague portefeuille porte-monnaie parapluie bandeau bretelles",
        es="guante manopla calcetín media panty sujetador braga calzoncillo bóxer tanga corbata pajarita pendiente "
        "pulsera anillo cartera monedero paraguas diadema",
        ja="手袋 グローブ 靴下 ソックス タイツ ストッキング 下着 ブラジャー ショーツ パンティ ネクタイ イヤリング "
        "ピアス ブレスレット 指輪 リング 財布 傘 ヘアバンド",
    ),
    # What is made for one of the things above, and is none: its name has the other's in it.
    Kind(
        None,
        en="suitcase luggage rack hanger box case cover strap stand cloth linen pattern spray cleaner polish lace tree "
        "horn insole pin patch button holder hook tray organiser organizer cushion pillow blanket sheet towel rod "
        "shade kit brush bulb chain charm keyring poster book flag toy puzzle mug sticker runner steamer winder",
        de="koffer decke kissen bügel bezug",
        fr="valise housse cintre coussin couverture lacet semelle drapeau étui",
        es="maleta funda percha cojín manta cordón plantilla bandera estuche",
        ja="スーツケース 靴べら 靴紐 靴ひも 靴箱 ハンガー ケース カバー クッション 毛布 フラグ ラック",
    ),
)
